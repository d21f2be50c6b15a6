/**
 * Keys that an object has twice in JSON text, of which JSON.parse keeps the last in silence (RFC 8259, section 4).
 *
 * Compares how often each key stands in the text with how often it stands in the parsed value. Does not check syntax:
 * the text is one that JSON.parse has accepted.
 */

/** A key that `text` repeats within one object, or undefined. `value` is what JSON.parse made of `text`. */
export function duplicateKey(text: string, value: unknown): string | undefined {
  const counts = new Map<string, number>();
  const add = (key: string, n: number) => counts.set(key, (counts.get(key) ?? 0) + n);
  for (const key of keysInText(text)) add(key, 1);
  for (const key of keysInValue(value)) add(key, -1);
  for (const [key, count] of counts) if (count > 0) return key;
  return undefined;
}

/** Every string that a colon follows: in valid JSON those are the keys. */
function* keysInText(text: string): Generator<string> {
  for (let start = text.indexOf('"'); start !== -1; ) {
    let end = start + 1;
    while (text[end] !== '"') end += text[end] === "\\" ? 2 : 1;
    end++;
    let next = end;
    while (" \t\r\n".includes(text[next] ?? ".")) next++;
    if (text[next] === ":") yield String(JSON.parse(text.slice(start, end)));
    start = text.indexOf('"', end);
  }
}

/** Walks with a list of its own: a recursion would end at the nesting that a hostile file may have. */
function* keysInValue(root: unknown): Generator<string> {
  const waiting: unknown[] = [root];
  while (waiting.length > 0) {
    const value = waiting.pop();
    if (typeof value !== "object" || value === null) continue;
    for (const [key, child] of Object.entries(value)) {
      if (!Array.isArray(value)) yield key;
      waiting.push(child);
    }
  }
}
