/**
 * The pre-tokenizers of `tokenizer.json` that BERT's descendants use: byte-level (RoBERTa, ModernBERT), Metaspace and
 * splitting at white space (XLM-R, ALBERT), and sequences of them.
 *
 * As in Hugging Face's `tokenizers` 0.23; the byte-level pattern is GPT-2's. What counts as a letter or a number is what
 * the runtime's Unicode says. `BertPreTokenizer` stands in pre-tokenizer.ts and goes with WordPiece.
 */
import type { AlignedText } from "./aligned-text.ts";
import { prependAligned, sliceAligned } from "./aligned-text.ts";
import { BYTE_CHARACTERS, utf8Bytes } from "./byte-characters.ts";
import { unitCount } from "./code-points.ts";
import { everyMatch } from "./every-match.ts";
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

/** Every character as its bytes, each of which has the character's place. */
function toByteCharacters(word: AlignedText): AlignedText {
  // one byte each: the same places
  if (PRINTABLE_ASCII.test(word.text)) return { ...word, text: word.text.replaceAll(" ", SPACE) };
  const codes: number[] = [];
  const starts: number[] = [];
  const ends: number[] = [];
  const { text } = word;
  for (let at = 0; at < text.length; ) {
    const codePoint = text.codePointAt(at) ?? 0;
    for (const byte of utf8Bytes(codePoint)) {
      codes.push(BYTE_CHARACTERS[byte]);
      starts.push(word.starts[at]);
      ends.push(word.ends[at]);
    }
    at += unitCount(codePoint);
  }
  return {
    text: codes.map((code) => String.fromCharCode(code)).join(""),
    starts: Int32Array.from(starts),
    ends: Int32Array.from(ends),
    rawStart: word.rawStart,
  };
}

const PRINTABLE_ASCII = /^[ -~]*$/;
const SPACE = String.fromCharCode(BYTE_CHARACTERS[0x20]);

function matches(input: AlignedText, pattern: RegExp): AlignedText[] {
  return everyMatch(pattern, input.text).map(({ from, to }) => sliceAligned(input, from, to));
}

const NOT_SPACE = /\P{White_Space}+/gu;

function whitespaceSplit(input: AlignedText): AlignedText[] {
  return matches(input, NOT_SPACE);
}

function readMetaspace(entry: JsonEntry): PreTokenizerStep {
  const mark = entry.get("replacement").string();
  if (mark.length !== 1) throw entry.get("replacement").refusal("one character of the basic plane");
  const scheme = prependScheme(entry);
  const split = entry.get("split").boolean(true);
  return (input) => {
    let text = { ...input, text: input.text.replaceAll(" ", mark) };
    const prepends = scheme === "always" || (scheme === "first" && text.rawStart === 0);
    if (prepends && !text.text.startsWith(mark)) text = prependAligned(text, mark);
    return split ? piecesOf(text, mark) : [text];
  };
}

/** Cuts in front of every mark. */
function piecesOf(input: AlignedText, mark: string): AlignedText[] {
  const pieces: AlignedText[] = [];
  for (let from = 0; from < input.text.length; ) {
    const next = input.text.indexOf(mark, from + 1);
    const to = next === -1 ? input.text.length : next;
    pieces.push(sliceAligned(input, from, to));
    from = to;
  }
  return pieces;
}

/** `prepend_scheme`, or `add_prefix_space` in files before 0.15. */
export function prependScheme(entry: JsonEntry): "always" | "first" | "never" {
  const scheme = entry.get("prepend_scheme");
  scheme.mustBe("always", "first", "never", undefined);
  if (scheme.value === "first" || scheme.value === "never") return scheme.value;
  return scheme.value === "always" || entry.get("add_prefix_space").boolean(true) ? "always" : "never";
}
