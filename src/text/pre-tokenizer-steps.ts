/**
 * The pre-tokenizers of `tokenizer.json` that BERT's descendants use: byte-level (RoBERTa, ModernBERT), Metaspace and
 * splitting at white space (XLM-R, ALBERT), and sequences of them.
 *
 * As in Hugging Face's `tokenizers` 0.23; the byte-level pattern is GPT-2's. What counts as a letter or a number is what
 * the runtime's Unicode says. `BertPreTokenizer` stands in pre-tokenizer.ts and goes with WordPiece.
 */
import type { AlignedText } from "./aligned-text.ts";
import { prependAligned, replaceAligned, sliceAligned, transformAligned } from "./aligned-text.ts";
import { BYTE_CHARACTERS } from "./byte-characters.ts";
import type { JsonEntry } from "./json-entry.ts";

/** Cuts a text into words. */
export type PreTokenizerStep = (input: AlignedText) => AlignedText[];

/** The pre-tokenizer in an entry of `tokenizer.json`. Throws ERR_TOKENIZER_JSON for a kind that is not known here. */
export function readPreTokenizer(entry: JsonEntry): PreTokenizerStep {
  const type = entry.get("type");
  switch (type.value) {
    case "Sequence": {
      const steps = entry.get("pretokenizers").elements().map(readPreTokenizer);
      return (input) => steps.reduce((words, step) => words.flatMap(step), [input]);
    }
    case "ByteLevel": {
      const prefix = entry.get("add_prefix_space").boolean(true);
      const split = entry.get("use_regex").boolean(true);
      return (input) => byteLevel(input, prefix, split);
    }
    case "WhitespaceSplit":
      return whitespaceSplit;
    case "Metaspace":
      return readMetaspace(entry);
    default:
      throw type.refusal("a pre-tokenizer that is known here");
  }
}

/** Contractions, then letters, numbers or other signs with a space before them, then what white space is left. */
const GPT2_WORDS =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;

function byteLevel(input: AlignedText, prefix: boolean, split: boolean): AlignedText[] {
  const text = prefix && !input.text.startsWith(" ") ? prependAligned(input, " ") : input;
  const words = split ? matches(text, GPT2_WORDS) : [text];
  return words.filter((word) => word.text !== "").map(toByteCharacters);
}

/** Every character as its bytes, of which the first stands for it and the others are added. */
function toByteCharacters(word: AlignedText): AlignedText {
  const changes: [number, number][] = [];
  for (const character of word.text) {
    for (const [i, byte] of utf8.encode(character).entries()) {
      changes.push([BYTE_CHARACTERS[byte], i > 0 ? 1 : 0]);
    }
  }
  return transformAligned(word, changes);
}

const utf8 = new TextEncoder();

function matches(input: AlignedText, pattern: RegExp): AlignedText[] {
  return [...input.text.matchAll(pattern)].map(({ 0: { length }, index }) =>
    sliceAligned(input, index, index + length),
  );
}

function whitespaceSplit(input: AlignedText): AlignedText[] {
  return matches(input, /\P{White_Space}+/gu);
}

function readMetaspace(entry: JsonEntry): PreTokenizerStep {
  const mark = entry.get("replacement").string();
  if (Array.from(mark).length !== 1) throw entry.get("replacement").refusal("one character");
  const scheme = prependScheme(entry);
  const split = entry.get("split").boolean(true);
  const beforeMark = new RegExp(`(?=${mark.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")})`, "u");
  return (input) => {
    let text = replaceAligned(input, / /g, mark);
    const prepends = scheme === "always" || (scheme === "first" && text.rawStart === 0);
    if (prepends && !text.text.startsWith(mark)) text = prependAligned(text, mark);
    return split ? piecesOf(text, beforeMark) : [text];
  };
}

/** Cuts in front of every mark. */
function piecesOf(input: AlignedText, beforeMark: RegExp): AlignedText[] {
  let at = 0;
  return input.text.split(beforeMark).map((piece) => {
    const from = at;
    at += piece.length;
    return sliceAligned(input, from, at);
  });
}

/** `prepend_scheme`, or `add_prefix_space` in files before 0.15. */
export function prependScheme(entry: JsonEntry): "always" | "first" | "never" {
  const scheme = entry.get("prepend_scheme");
  scheme.mustBe("always", "first", "never", undefined);
  if (scheme.value === "first" || scheme.value === "never") return scheme.value;
  return scheme.value === "always" || entry.get("add_prefix_space").boolean(true) ? "always" : "never";
}
