/**
 * The normalizers of `tokenizer.json` that BERT's descendants use: Unicode forms, lower-casing, accents, replacement,
 * stripping, SentencePiece's character map, and sequences of them.
 *
 * As in Hugging Face's `tokenizers` 0.23. Any other kind is refused: it would tokenize differently from the library that
 * wrote the file. `BertNormalizer` stands in normalizer.ts and goes with WordPiece.
 */
import type { AlignedText } from "./aligned-text.ts";
import { replaceAligned, sliceAligned, transformAligned } from "./aligned-text.ts";
import { CharacterClass, hasClass } from "./character-classes.ts";
import { codePoints } from "./code-points.ts";
import type { JsonEntry } from "./json-entry.ts";
import { PrecompiledCharsmap } from "./precompiled-charsmap.ts";
import type { UnicodeForm } from "./unicode-forms.ts";
import { unicodeForm } from "./unicode-forms.ts";

export type NormalizerStep = (input: AlignedText) => AlignedText;

const FORMS: readonly UnicodeForm[] = ["NFC", "NFD", "NFKC", "NFKD"];

/**
 * The normalizer in an entry of `tokenizer.json`; null is none.
 * Throws ERR_TOKENIZER_JSON for a kind that is not known here.
 */
export function readNormalizer(entry: JsonEntry): NormalizerStep {
  if (entry.value === null || entry.value === undefined) return (input) => input;
  const type = entry.get("type");
  const form = FORMS.find((one) => one === type.value);
  if (form !== undefined) return (input) => unicodeForm(input, form);
  switch (type.value) {
    case "Sequence": {
      const steps = entry.get("normalizers").elements().map(readNormalizer);
      return (input) => steps.reduce((text, step) => step(text), input);
    }
    case "Lowercase":
      return lowercase;
    case "StripAccents":
      return stripAccents;
    case "Replace":
      return readReplacement(entry);
    case "Strip": {
      const [left, right] = [entry.get("strip_left").boolean(true), entry.get("strip_right").boolean(true)];
      return (input) => strip(input, left, right);
    }
    case "Precompiled": {
      const charsmap = readCharsmap(entry.get("precompiled_charsmap"));
      return (input) => charsmap.apply(input);
    }
    default:
      throw type.refusal("a normalizer that is known here");
  }
}

/** Character by character, without context: a final sigma is not special. */
function lowercase(input: AlignedText): AlignedText {
  if (input.text.toLowerCase() === input.text) return input;
  const changes = codePoints(input.text).flatMap((codePoint) =>
    codePoints(String.fromCodePoint(codePoint).toLowerCase()).map((lower, i): [number, number] => [
      lower,
      i > 0 ? 1 : 0,
    ]),
  );
  return transformAligned(input, changes);
}

/** Drops all combining marks, by the frozen tables. */
function stripAccents(input: AlignedText): AlignedText {
  const kept: [number, number][] = [];
  let removedFirst = 0;
  for (const codePoint of codePoints(input.text)) {
    if (!hasClass(codePoint, CharacterClass.mark)) kept.push([codePoint, 0]);
    else {
      const last = kept.at(-1);
      if (last === undefined) removedFirst++;
      else last[1]--;
    }
  }
  return transformAligned(input, kept, removedFirst);
}

function strip(input: AlignedText, left: boolean, right: boolean): AlignedText {
  const leading = left ? (/^\p{White_Space}+/u.exec(input.text)?.[0].length ?? 0) : 0;
  const trailing = right ? (/\p{White_Space}+$/u.exec(input.text.slice(leading))?.[0].length ?? 0) : 0;
  if (leading + trailing === 0) return input;
  return { ...sliceAligned(input, leading, input.text.length - trailing), rawStart: input.rawStart };
}

/** One character, perhaps repeated: what the patterns of published tokenizers are. */
const SIMPLE_PATTERN = /^(?:\\.|[^\\^$.*+?()[\]{}|])(?:\+|\{\d+(?:,\d*)?\})?$/u;

function readReplacement(entry: JsonEntry): NormalizerStep {
  const pattern = entry.get("pattern");
  const content = entry.get("content").string();
  const literal = pattern.get("String");
  if (literal.value !== undefined) {
    const escaped = literal.string().replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
    return replacement(new RegExp(escaped, "gu"), content);
  }
  const source = pattern.get("Regex").string();
  if (!SIMPLE_PATTERN.test(source)) throw pattern.get("Regex").refusal("one character, perhaps repeated");
  return replacement(new RegExp(source, "gu"), content);
}

function replacement(pattern: RegExp, content: string): NormalizerStep {
  return (input) => replaceAligned(input, pattern, content);
}

function readCharsmap(entry: JsonEntry): PrecompiledCharsmap {
  const base64 = entry.string();
  try {
    return new PrecompiledCharsmap(Uint8Array.from(atob(base64), (byte) => byte.charCodeAt(0)));
  } catch {
    throw entry.refusal("SentencePiece's character map in base64");
  }
}
