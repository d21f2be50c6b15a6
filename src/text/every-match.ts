/**
 * Every match of a pattern, without copying the pattern.
 *
 * `String.prototype.matchAll` and `split` make a new RegExp at each call, which for Unicode classes costs more than the
 * matching of a sentence.
 */

/** A match, in UTF-16 units. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** The matches of `pattern` in `text` from left to right. `pattern` must be global and match no empty string. */
export function everyMatch(pattern: RegExp, text: string): Span[] {
  const found: Span[] = [];
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    found.push({ from: match.index, to: pattern.lastIndex });
  }
  return found;
}
