/**
 * `tokenizer.json`, the one-file format of Hugging Face's `tokenizers`, for byte-level BPE and Unigram.
 *
 * Every part that would change the tokens is read or refused by name. The sections `truncation` and `padding` are
 * settings of a run and not of the tokenizer: they are passed over, and written as null. WordPiece stands in
 * tokenizer-json.ts.
 */
import type { AlignedText } from "./aligned-text.ts";
import { Bpe } from "./bpe.ts";
import { BYTE_CHARACTERS, byteOfCharacter } from "./byte-characters.ts";
import type { FlaggedToken } from "./flagged-tokens.ts";
import { readFlaggedToken } from "./flagged-tokens.ts";
import { JsonEntry } from "./json-entry.ts";
import type { NormalizerStep } from "./normalizer-steps.ts";
import { readNormalizer } from "./normalizer-steps.ts";
import type { PreTokenizerStep } from "./pre-tokenizer-steps.ts";
import { prependScheme, readPreTokenizer } from "./pre-tokenizer-steps.ts";
import type { Template } from "./template.ts";
import { readTemplate } from "./template.ts";
import type { TokenBuffer } from "./token-buffer.ts";
import { Unigram } from "./unigram.ts";

/** What spells words. */
export interface SubwordModel {
  append(word: AlignedText, out: TokenBuffer, dropMatch?: () => boolean): void;
}

/** All that makes up a tokenizer. */
export interface PipelineParts {
  /** Every token's id, added ones included. */
  readonly ids: ReadonlyMap<string, number>;
  readonly addedTokens: readonly FlaggedToken[];
  readonly unknownId: number | undefined;
  readonly normalize: NormalizerStep;
  readonly preTokenize: PreTokenizerStep;
  readonly model: SubwordModel;
  readonly template: Template;
  readonly decode: (tokens: readonly string[]) => string;
  /** The file as it stands, but for settings of a run. */
  readonly document: Readonly<Record<string, unknown>>;
}

/**
 * The parts of the tokenizer in `json`; `file` is only named in errors.
 * Throws ERR_TOKENIZER_JSON with the entry that it cannot follow.
 */
export function readPipelineJson(json: string, file?: string): PipelineParts {
  const root = JsonEntry.parse(json, file);
  const model = root.get("model");
  const type = model.get("type");
  type.mustBe("BPE", "Unigram", undefined);
  const { vocabulary, ...spelling } = type.value === "Unigram" ? readUnigram(model) : readBpe(model);
  const addedTokens = root.get("added_tokens").elements().map(readFlaggedToken);
  return {
    ...spelling,
    ids: new Map([...vocabulary, ...addedTokens.map(({ content, id }) => [content, id] as const)]),
    addedTokens,
    normalize: readNormalizer(root.get("normalizer")),
    preTokenize: readPreTokenizer(root.get("pre_tokenizer")),
    template: readTemplate(root.get("post_processor")),
    decode: readDecoder(root.get("decoder")),
    document: { ...Object.fromEntries(root.entries()), truncation: null, padding: null },
  };
}

interface Spelling {
  readonly vocabulary: ReadonlyMap<string, number>;
  readonly unknownId: number | undefined;
  readonly model: SubwordModel;
}

function readBpe(model: JsonEntry): Spelling {
  for (const name of ["continuing_subword_prefix", "end_of_word_suffix"])
    model.get(name).mustBe("", null, undefined);
  for (const name of ["dropout", "byte_fallback", "ignore_merges"])
    model.get(name).mustBe(false, null, undefined);
  const vocab = model.get("vocab");
  const vocabulary = new Map(vocab.entries().map(([token]) => [token, vocab.get(token).count()] as const));
  const unknown = model.get("unk_token");
  const unknownId =
    unknown.value === null || unknown.value === undefined ? undefined : vocabulary.get(unknown.string());
  const lacking = BYTE_CHARACTERS.find((code) => !vocabulary.has(String.fromCharCode(code)));
  if (unknownId === undefined && lacking !== undefined) {
    throw vocab.refusal(
      `a vocabulary with all 256 bytes, or have an unknown token (${String.fromCharCode(lacking)} is missing)`,
      `${vocabulary.size} tokens`,
    );
  }
  const merges = model.get("merges").elements().map(readMerge);
  try {
    const fuseUnknown = model.get("fuse_unk").boolean(false);
    return { vocabulary, unknownId, model: new Bpe({ vocabulary, merges, unknownId, fuseUnknown }) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw model.get("merges").refusal("pairs of pieces of the vocabulary", error.message);
  }
}

/** "a b", or since tokenizers 0.20 ["a", "b"]. */
function readMerge(entry: JsonEntry): readonly [string, string] {
  const pair =
    typeof entry.value === "string" ? entry.value.split(" ") : entry.elements().map((one) => one.string());
  if (pair.length !== 2) throw entry.refusal("two pieces");
  return [pair[0], pair[1]];
}

function readUnigram(model: JsonEntry): Spelling {
  model.get("byte_fallback").mustBe(false, null, undefined);
  const vocab = model.get("vocab");
  const pieces = vocab.elements().map((entry): [string, number] => {
    const [piece, score] = entry.elements();
    if (piece === undefined || typeof score?.value !== "number") throw entry.refusal("a piece and its score");
    return [piece.string(), score.value];
  });
  const unknownId = model.get("unk_id").count();
  if (unknownId >= pieces.length) throw model.get("unk_id").refusal("the place of a piece");
  return {
    vocabulary: new Map(pieces.map(([piece], id) => [piece, id])),
    unknownId,
    model: new Unigram(pieces, unknownId),
  };
}

function readDecoder(entry: JsonEntry): (tokens: readonly string[]) => string {
  const type = entry.get("type");
  type.mustBe("ByteLevel", "Metaspace");
  if (type.value === "ByteLevel") return decodeBytes;
  const mark = entry.get("replacement").string();
  const prefixed = prependScheme(entry) !== "never";
  return (tokens) => {
    const text = tokens.join("").replaceAll(mark, " ");
    return prefixed && tokens[0]?.startsWith(mark) ? text.slice(1) : text;
  };
}

/** Every token's bytes in a row, as text; a token that is not made of byte characters stands as it is. */
function decodeBytes(tokens: readonly string[]): string {
  const bytes = tokens.flatMap((token): number[] => {
    const own = Array.from(token, (character) => byteOfCharacter(character.charCodeAt(0)));
    return own.every((byte) => byte !== undefined) ? own : [...utf8.encode(token)];
  });
  return new TextDecoder().decode(Uint8Array.from(bytes));
}

const utf8 = new TextEncoder();
