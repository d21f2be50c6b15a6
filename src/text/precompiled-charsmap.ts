/**
 * SentencePiece's character map: a table of rewriting rules ("ﬁ" to "fi", full-width to half-width), as one binary
 * string.
 *
 *     4 bytes: length of the trie in bytes, little-endian;  the trie;  replacements, each ended by a zero byte
 *
 * The trie is a double array as in Darts-clone: unit i of 32 bits holds a label or a value, an offset to its children
 * and whether it has a value. Source: SentencePiece's `normalizer.cc`; Hugging Face's `spm_precompiled`, whose way of
 * looking up published tokenizers rely on: graphemes of fewer than 6 bytes as a whole, else characters, and of several
 * rules that a grapheme begins with the shortest, which then stands for all of it.
 *
 * Does not look for the longest rule, as SentencePiece itself does.
 */
import type { AlignedText } from "./aligned-text.ts";
import { transformAligned } from "./aligned-text.ts";
import { utf8Bytes } from "./byte-characters.ts";
import { codePoints } from "./code-points.ts";

/** Characters that are graphemes by themselves in any company: then none need be looked for. */
const SIMPLE =
  /^[\t\x20-\x7e\u00a1-\u00ac\u00ae-\u02ff\u0391-\u03c9\u0400-\u045f\u2010-\u2027\u3001-\u3029\u3041-\u3096\u30a1-\u30fc\u4e00-\u9fff\uff01-\uff9d]*$/;

/** A grapheme of this many bytes or more is looked up character by character. */
const LONG_GRAPHEME = 6;

export class PrecompiledCharsmap {
  readonly #units: Uint32Array;
  readonly #replacements: Uint8Array;
  readonly #graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });
  readonly #known = new Map<string, readonly number[] | undefined>();

  /** Throws a RangeError where `bytes` are not such a table. */
  constructor(bytes: Uint8Array) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const length = view.getUint32(0, true);
    if (length % 4 !== 0) throw new RangeError("the length of its trie is not a multiple of 4");
    this.#units = Uint32Array.from({ length: length / 4 }, (_, i) => view.getUint32(4 + 4 * i, true));
    this.#replacements = bytes.subarray(4 + length);
  }

  /** `input` rewritten. */
  apply(input: AlignedText): AlignedText {
    const changes: [codePoint: number, change: number][] = [];
    let modified = false;
    const rewrite = (part: string): boolean => {
      const found = this.#replacement(part);
      if (found === undefined) return false;
      modified = true;
      replace(changes, codePoints(part).length, found);
      return true;
    };
    const graphemes = SIMPLE.test(input.text) ? input.text : this.#split(input.text);
    for (const grapheme of graphemes) {
      // a character alone is looked up below; two have 2 units or more
      if (grapheme.length > 1 && byteLength(grapheme) < LONG_GRAPHEME && rewrite(grapheme)) continue;
      for (const character of grapheme) {
        if (!rewrite(character)) changes.push([character.codePointAt(0) ?? 0, 0]);
      }
    }
    return modified ? transformAligned(input, changes) : input;
  }

  *#split(text: string): Generator<string> {
    for (const { segment } of this.#graphemes.segment(text)) yield segment;
  }

  #replacement(part: string): readonly number[] | undefined {
    if (this.#known.has(part)) return this.#known.get(part);
    const found = this.#lookUp(part);
    if (part.length <= 2) this.#known.set(part, found);
    return found;
  }

  /** The replacement of the shortest rule that `part` begins with. */
  #lookUp(part: string): readonly number[] | undefined {
    const units = this.#units;
    if (units.length === 0) return undefined;
    let node = offset(units[0]);
    for (const byte of codePoints(part).flatMap(utf8Bytes)) {
      if (byte === 0) return undefined;
      node ^= byte;
      const unit = units[node];
      if (unit === undefined || label(unit) !== byte) return undefined;
      node ^= offset(unit);
      if (hasValue(unit)) return this.#textAt(units[node] & 0x7fffffff);
    }
    return undefined;
  }

  #textAt(from: number): number[] {
    const end = this.#replacements.indexOf(0, from);
    const bytes = this.#replacements.subarray(from, end === -1 ? undefined : end);
    return codePoints(new TextDecoder().decode(bytes));
  }
}

function hasValue(unit: number): boolean {
  return ((unit >>> 8) & 1) === 1;
}

function label(unit: number): number {
  return (unit & 0x800000ff) >>> 0;
}

function offset(unit: number): number {
  return (unit >>> 10) << ((unit & 0x200) >>> 6);
}

/** Adds `found` in place of `count` characters: what is more is added behind, what is less goes to the last one. */
function replace(changes: [number, number][], count: number, found: readonly number[]): void {
  for (const [i, codePoint] of found.entries()) changes.push([codePoint, i >= count ? 1 : 0]);
  const last = changes.at(-1);
  // with nothing in front and nothing in its place the removal is lost, and alignment shifts: so does `tokenizers`
  if (found.length < count && last !== undefined) last[1] += found.length - count;
}

function byteLength(text: string): number {
  return codePoints(text).reduce((sum, codePoint) => sum + utf8Bytes(codePoint).length, 0);
}
