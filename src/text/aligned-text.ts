/**
 * A text on its way through a tokenizer's steps, with the place in the raw text that each unit comes from.
 *
 * What BERT's one fixed normalizer needs is in normalized-text.ts; here are the steps of any `tokenizer.json`, each of
 * which gives a new text. Alignment follows `NormalizedString` of Hugging Face's `tokenizers` 0.23: a step says for each
 * character of its result whether it was added, and how many behind it were removed.
 */
import { unitCount } from "./code-points.ts";
import { everyMatch } from "./every-match.ts";

export interface AlignedText {
  /** Well-formed. */
  readonly text: string;
  /** Per UTF-16 unit of `text`: where the character it comes from starts in the raw text. */
  readonly starts: Int32Array;
  /** Per unit: where that character ends. */
  readonly ends: Int32Array;
  /** Where the stretch of raw text starts that this was made from. */
  readonly rawStart: number;
}

/**
 * A character of a step's result: 0 where it stands for the next one of the input, 1 where it was added behind the one
 * before it, -n where the next one and n more of the input became it.
 */
export type Change = readonly [codePoint: number, change: number];

const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** The whole of `raw`, aligned with itself. A lone surrogate reads as U+FFFD. */
export function alignedText(raw: string): AlignedText {
  const text = raw.replace(LONE_SURROGATE, "\ufffd");
  const starts = new Int32Array(text.length);
  const ends = new Int32Array(text.length);
  for (let at = 0; at < text.length; ) {
    const end = at + unitCount(text.codePointAt(at) ?? 0);
    starts.fill(at, at, end);
    ends.fill(end, at, end);
    at = end;
  }
  return { text, starts, ends, rawStart: 0 };
}

/** Units `from` to `to`. */
export function sliceAligned(
  { text, starts, ends, rawStart }: AlignedText,
  from: number,
  to: number,
): AlignedText {
  return {
    text: text.slice(from, to),
    starts: starts.subarray(from, to),
    ends: ends.subarray(from, to),
    rawStart: from < starts.length ? starts[from] : rawStart,
  };
}

/** The result of a step whose characters are `changes`, the first `removed` characters of the input being dropped. */
export function transformAligned(input: AlignedText, changes: Iterable<Change>, removed = 0): AlignedText {
  const builder = new AlignedBuilder();
  const { text } = input;
  let at = 0;
  let previous = -1;
  const next = () => {
    previous = at;
    if (at < text.length) at += unitCount(text.codePointAt(at) ?? 0);
  };
  for (let i = 0; i < removed; i++) next();
  for (const [codePoint, change] of changes) {
    if (change > 0) {
      // shares the place of the character before it, the first one that of nothing
      builder.add(
        codePoint,
        previous < 0 ? 0 : input.starts[previous],
        previous < 0 ? 0 : input.ends[previous],
      );
      continue;
    }
    builder.add(codePoint, input.starts[at] ?? 0, input.ends[at] ?? 0);
    for (let i = 0; i <= -change; i++) next();
  }
  return { ...builder.text(), rawStart: input.rawStart };
}

/** Puts `prefix` in front; it shares the place of the first character. An empty text stays empty. */
export function prependAligned(input: AlignedText, prefix: string): AlignedText {
  if (input.text === "") return input;
  const widened = (places: Int32Array) => {
    const result = new Int32Array(prefix.length + places.length).fill(places[0], 0, prefix.length);
    result.set(places, prefix.length);
    return result;
  };
  return {
    text: prefix + input.text,
    starts: widened(input.starts),
    ends: widened(input.ends),
    rawStart: input.rawStart,
  };
}

/** Puts `content` in place of every match; it shares the place of the last character replaced. */
export function replaceAligned(input: AlignedText, pattern: RegExp, content: string): AlignedText {
  const { text, starts, ends } = input;
  const parts: string[] = [];
  const newStarts: number[] = [];
  const newEnds: number[] = [];
  let from = 0;
  const keep = (to: number) => {
    parts.push(text.slice(from, to));
    for (let unit = from; unit < to; unit++) {
      newStarts.push(starts[unit]);
      newEnds.push(ends[unit]);
    }
  };
  for (const match of everyMatch(pattern, text)) {
    const last = match.to - 1;
    keep(match.from);
    parts.push(content);
    for (let unit = 0; unit < content.length; unit++) {
      newStarts.push(starts[last]);
      newEnds.push(ends[last]);
    }
    from = last + 1;
  }
  if (from === 0) return input;
  keep(text.length);
  return {
    text: parts.join(""),
    starts: Int32Array.from(newStarts),
    ends: Int32Array.from(newEnds),
    rawStart: input.rawStart,
  };
}

class AlignedBuilder {
  readonly #parts: string[] = [];
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];

  add(codePoint: number, start: number, end: number): void {
    this.#parts.push(String.fromCodePoint(codePoint));
    for (let i = 0; i < unitCount(codePoint); i++) {
      this.#starts.push(start);
      this.#ends.push(end);
    }
  }

  text(): Pick<AlignedText, "text" | "starts" | "ends"> {
    return {
      text: this.#parts.join(""),
      starts: Int32Array.from(this.#starts),
      ends: Int32Array.from(this.#ends),
    };
  }
}
