/**
 * `tokenizer.json`, the one-file format of Hugging Face's `tokenizers`, for BERT tokenizers.
 *
 * Reads: a WordPiece model with "##", BertNormalizer, BertPreTokenizer, the template [CLS] A [SEP] B [SEP] (or
 * BertProcessing), the WordPiece decoder, added tokens that are matched as written. Anything else would tokenize
 * differently from the library that wrote the file, so it is refused. The sections `truncation` and `padding` are
 * settings of a run and not of the tokenizer: they are passed over, as in `transformers`, and written as null.
 *
 * Does not read the older `vocab.txt` (vocabulary.ts) nor `tokenizer_config.json`.
 */
import type { AddedToken } from "./added-tokens.ts";
import { JsonEntry } from "./json-entry.ts";
import { SPECIAL_TOKENS } from "./vocabulary.ts";
import { CONTINUATION } from "./wordpiece.ts";

/** All that makes up a BERT tokenizer. */
export interface TokenizerParts {
  /** The pieces that words are spelled with, in the order of their ids. */
  readonly vocabulary: ReadonlyMap<string, number>;
  /** Tokens recognised in the raw text; they may have ids of their own, behind the vocabulary's. */
  readonly addedTokens: readonly AddedToken[];
  readonly cleanText: boolean;
  readonly handleChineseChars: boolean;
  /** undefined: as `lowercase`. */
  readonly stripAccents: boolean | undefined;
  readonly lowercase: boolean;
  readonly maxCharactersPerWord: number;
  /** Whether decoding removes the spaces before English punctuation. */
  readonly cleanUp: boolean;
}

const { unk, cls, sep } = SPECIAL_TOKENS;
const SINGLE = `${cls}:0 A:0 ${sep}:0`;
const PAIR = `${SINGLE} B:1 ${sep}:1`;

/**
 * The parts of the tokenizer in `json`; `file` is only named in errors.
 * Throws ERR_TOKENIZER_JSON with the entry that it cannot follow.
 */
export function readTokenizerJson(json: string, file?: string): TokenizerParts {
  const root = JsonEntry.parse(json, file);
  const model = root.get("model");
  // files of tokenizers before 0.9 name no model type
  model.get("type").mustBe("WordPiece", undefined);
  model.get("unk_token").mustBe(unk);
  model.get("continuing_subword_prefix").mustBe(CONTINUATION);
  const vocabulary = readIds(model.get("vocab"));

  const normalizer = root.get("normalizer");
  normalizer.get("type").mustBe("BertNormalizer");
  const stripAccents = normalizer.get("strip_accents");
  root.get("pre_tokenizer").get("type").mustBe("BertPreTokenizer");
  checkTemplate(root.get("post_processor"), vocabulary);
  const decoder = root.get("decoder");
  decoder.get("type").mustBe("WordPiece");
  decoder.get("prefix").mustBe(CONTINUATION);

  const added = root.get("added_tokens");
  const addedTokens = added.elements().map((token) => readAddedToken(token, vocabulary));
  checkIds(
    [...vocabulary, ...addedTokens.map(({ content, id }) => [content, id] as const)],
    model.get("vocab"),
  );

  return {
    vocabulary,
    addedTokens,
    cleanText: normalizer.get("clean_text").boolean(true),
    handleChineseChars: normalizer.get("handle_chinese_chars").boolean(true),
    stripAccents: stripAccents.value === null ? undefined : stripAccents.boolean(true),
    lowercase: normalizer.get("lowercase").boolean(true),
    maxCharactersPerWord: model.get("max_input_chars_per_word").count(),
    cleanUp: decoder.get("cleanup").boolean(true),
  };
}

/** The text of a `tokenizer.json` with these parts: `tokenizers`, `transformers` and transformers.js read it. */
export function writeTokenizerJson(parts: TokenizerParts): string {
  const token = (content: string) => {
    return { id: content, ids: [parts.vocabulary.get(content)], tokens: [content] };
  };
  const document = {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: parts.addedTokens.map(({ content, id, special }) => {
      return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special };
    }),
    normalizer: {
      type: "BertNormalizer",
      clean_text: parts.cleanText,
      handle_chinese_chars: parts.handleChineseChars,
      strip_accents: parts.stripAccents ?? null,
      lowercase: parts.lowercase,
    },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: {
      type: "TemplateProcessing",
      single: writeTemplate(SINGLE),
      pair: writeTemplate(PAIR),
      special_tokens: { [cls]: token(cls), [sep]: token(sep) },
    },
    decoder: { type: "WordPiece", prefix: CONTINUATION, cleanup: parts.cleanUp },
    model: {
      type: "WordPiece",
      unk_token: unk,
      continuing_subword_prefix: CONTINUATION,
      max_input_chars_per_word: parts.maxCharactersPerWord,
      vocab: Object.fromEntries(parts.vocabulary),
    },
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** The entries of `vocab`, sorted by id. */
function readIds(vocab: JsonEntry): ReadonlyMap<string, number> {
  const ids = vocab.entries().map(([token, id]): [string, number] => {
    return [token, typeof id === "number" && Number.isInteger(id) && id >= 0 ? id : vocab.get(token).count()];
  });
  return new Map(ids.sort(([, a], [, b]) => a - b));
}

/** Refuses ids that two tokens share, or that leave a gap. */
function checkIds(tokens: readonly (readonly [string, number])[], vocab: JsonEntry): void {
  const byId = new Map<number, string>();
  let highest = -1;
  for (const [token, id] of tokens) {
    if ((byId.get(id) ?? token) !== token) throw vocab.refusal(`without two tokens of one id (${id})`);
    byId.set(id, token);
    highest = Math.max(highest, id);
  }
  if (byId.size !== highest + 1)
    throw vocab.refusal("without a gap in the ids, counted together with added_tokens");
}

function readAddedToken(token: JsonEntry, vocabulary: ReadonlyMap<string, number>): AddedToken {
  for (const flag of ["single_word", "lstrip", "rstrip", "normalized"])
    token.get(flag).mustBe(false, undefined);
  const content = token.get("content").string();
  const id = token.get("id").count();
  if (content === "") throw token.get("content").refusal("a text");
  if ((vocabulary.get(content) ?? id) !== id) throw token.get("id").refusal("the id that model.vocab has");
  return { content, id, special: token.get("special").boolean(false) };
}

/** Refuses a post-processor that does not give [CLS] A [SEP] or [CLS] A [SEP] B [SEP]. */
function checkTemplate(processor: JsonEntry, vocabulary: ReadonlyMap<string, number>): void {
  const type = processor.get("type");
  type.mustBe("TemplateProcessing", "BertProcessing");
  for (const [key, content] of [
    ["cls", cls],
    ["sep", sep],
  ] as const) {
    const wanted = [content, vocabulary.get(content)];
    const entry =
      type.value === "BertProcessing" ? processor.get(key) : processor.get("special_tokens").get(content);
    const found =
      type.value === "BertProcessing" ? entry.value : [entry.get("id").value, ...list(entry.get("ids"))];
    if (JSON.stringify(found) !== JSON.stringify(wanted))
      throw entry.refusal(`the token ${JSON.stringify(wanted)}`);
  }
  if (type.value === "BertProcessing") return;
  if (readTemplate(processor.get("single")) !== SINGLE) throw processor.get("single").refusal(SINGLE);
  if (readTemplate(processor.get("pair")) !== PAIR) throw processor.get("pair").refusal(PAIR);
}

function list(entry: JsonEntry): unknown[] {
  return entry.elements().map((element) => element.value);
}

/** A template as "name:type name:type ...". */
function readTemplate(template: JsonEntry): string {
  const pieces = template.elements().flatMap((piece) => piece.entries().map(([kind]) => piece.get(kind)));
  return pieces.map((piece) => `${piece.get("id").string()}:${piece.get("type_id").count()}`).join(" ");
}

function writeTemplate(template: string): unknown[] {
  return template.split(" ").map((piece) => {
    const [id, type] = piece.split(":");
    return { [id.startsWith("[") ? "SpecialToken" : "Sequence"]: { id, type_id: Number(type) } };
  });
}
