/**
 * Cases that other projects publish with their tokenizers: Google's BERT, Hugging Face's `transformers` and
 * `tokenizers`, ONNX Runtime Extensions, keras-bert, nlp.js. Cases that differ here stand below with the reason.
 */
import { describe, expect, it, type TestContext } from "vitest";
import { joinTokens } from "../../src/text/decode.ts";
import { BertNormalizer, BertTokenizer } from "../../src/text/index.ts";
import { WordSpans } from "../../src/text/pre-tokenizer.ts";
import { encode, oracle, published, type VocabularyName } from "./peer.ts";

/** A case of any of the files: each operation uses some of these. */
interface Case {
  readonly op: string;
  readonly vocab: readonly string[];
  readonly vocab_name: `bert-base-${VocabularyName}`;
  readonly input: string;
  readonly text: string;
  readonly pair?: string;
  readonly tokens: readonly string[];
  readonly ids: readonly number[];
  readonly type_ids: readonly number[];
  readonly offsets: readonly (readonly [number, number])[];
  readonly expected: readonly (readonly [readonly [number, number], string])[];
  readonly do_lower_case?: boolean;
  readonly strip_accents?: boolean | null;
  readonly tokenize_chinese_chars?: boolean;
  readonly cased?: boolean;
  readonly max_len?: number;
  readonly segments?: readonly number[];
}

function cases(context: TestContext, file: string): readonly Case[] {
  const found = oracle<{ cases: readonly Case[] }>(context, file).cases;
  expect(found.length).toBeGreaterThan(0);
  return found;
}

function vocabularyName({ vocab_name }: Case): VocabularyName {
  return vocab_name.replace("bert-base-", "") as VocabularyName;
}

/** Most of the cases' vocabularies lack special tokens that BERT has; added at the end they change no id. */
function tokenizerOf({ vocab, ...options }: Pick<Case, "vocab" | "do_lower_case" | "cased">): BertTokenizer {
  const tokens = [...new Set([...vocab, "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])];
  return BertTokenizer.fromVocabulary(tokens, { lowercase: options.do_lower_case ?? options.cased !== true });
}

function tokensOf(tokenizer: BertTokenizer, text: string): (string | undefined)[] {
  return tokenizer.encode(text, { addSpecialTokens: false }).ids.map((id) => tokenizer.idToToken(id));
}

/** What Google calls the basic tokenizer: normalization and splitting, without a vocabulary. */
function words(text: string, options = {}): { word: string; start: number; end: number }[] {
  const normalized = new BertNormalizer(options).normalize(text);
  const spans = new WordSpans();
  spans.split(normalized);
  return Array.from({ length: spans.count }, (_, i) => {
    const [from, to] = [spans.bounds[2 * i], spans.bounds[2 * i + 1]];
    return { word: normalized.slice(from, to), start: normalized.starts[from], end: normalized.ends[to - 1] };
  });
}

function checkOperation(context: TestContext, given: Case): void {
  const { op, input, tokens, ids } = given;
  if (op === "basic" && input.includes("[UNK]")) {
    // never_split is done by recognising special tokens before splitting, so it needs the whole tokenizer
    const whole = tokenizerOf({ vocab: tokens, do_lower_case: given.do_lower_case });
    expect(tokensOf(whole, input)).toEqual(tokens);
  } else if (op === "basic") {
    const options = { lowercase: given.do_lower_case, stripAccents: given.strip_accents ?? undefined };
    expect(words(input, options).map(({ word }) => word)).toEqual(tokens);
  } else if (op === "tokens_to_ids") {
    expect(tokens.map((token) => tokenizerOf(given).tokenToId(token))).toEqual(ids);
  } else if (op === "wordpiece" || op === "full_tokenize") {
    // Google's WordPiece cases are cased, and split at white space only: so do ours, since no case has punctuation
    const tokenizer = tokenizerOf({ ...given, cased: op === "wordpiece" });
    expect(tokensOf(tokenizer, input)).toEqual(tokens);
    if (ids !== undefined) expect(tokenizer.encode(input, { addSpecialTokens: false }).ids).toEqual(ids);
  } else if (op === "tokenize") {
    const handleChineseChars = given.tokenize_chinese_chars;
    expect(tokensOf(published(context, vocabularyName(given), { handleChineseChars }), input)).toEqual(
      tokens,
    );
  } else if (op === "special_ids") {
    const tokenizer = published(context, vocabularyName(given));
    const [a, b] = ["one", "two"].map((word) => tokenizer.tokenToId(word));
    expect(tokenizer.encode("one").ids).toEqual([101, a, 102]);
    expect(tokenizer.encode("one", { pair: "two" }).ids).toEqual([101, a, 102, b, 102]);
  } else if (op === "offsets") {
    const tokenizer = published(context, vocabularyName(given), { lowercase: given.do_lower_case });
    const { ids: found, offsets } = encode(tokenizer, input);
    expect(found.map((id, i) => [offsets.slice(2 * i, 2 * i + 2), tokenizer.idToToken(id)])).toEqual(
      given.expected,
    );
  } else {
    expect.unreachable(`no check for the operation ${op}`);
  }
}

describe("Google's BERT", () => {
  it("tokens and ids", (context) => {
    for (const given of cases(context, "google_bert_tokenization")) checkOperation(context, given);
  });

  it("classes of characters", (context) => {
    const { char_classes: classes } = oracle<{ char_classes: Record<string, Record<string, boolean>> }>(
      context,
      "google_bert_tokenization",
    );
    const count = (text: string) => words(text, { lowercase: false }).length;
    for (const [c, expected] of Object.entries(classes.is_whitespace))
      expect(count(`a${c}a`) === 2).toBe(expected);
    for (const [c, expected] of Object.entries(classes.is_punctuation))
      expect(count(`a${c}a`) === 3).toBe(expected);
    for (const [c, expected] of Object.entries(classes.is_control)) {
      expect(words(`a${c}a`, { lowercase: false })[0].word === "aa").toBe(expected);
    }
  });
});

describe("transformers", () => {
  it("tokens, ids and offsets", (context) => {
    for (const given of cases(context, "hf_transformers_bert_tokenization")) checkOperation(context, given);
  });
});

describe("tokenizers", () => {
  interface File {
    readonly normalizer: readonly Record<string, string | boolean>[];
    readonly pre_tokenizer: readonly { input: string; byte_splits: [string, number, number][] }[];
    readonly decoder: readonly { tokens: string[]; cleanup: boolean; output: string }[];
    readonly encode: readonly (Case & { add_special_tokens?: boolean })[];
  }
  const file = (context: TestContext) => oracle<File>(context, "hf_tokenizers_bert");

  it("normalization", (context) => {
    for (const given of file(context).normalizer) {
      const options = {
        cleanText: given.clean_text === true,
        handleChineseChars: given.handle_chinese_chars === true,
        stripAccents: given.strip_accents === true,
        lowercase: given.lowercase === true,
      };
      expect(new BertNormalizer(options).normalize(String(given.input)).slice()).toBe(given.output);
    }
  });

  it("words, their offsets counted in UTF-8 bytes there", (context) => {
    for (const { input, byte_splits } of file(context).pre_tokenizer) {
      const bytes = (to: number) => Buffer.byteLength(input.slice(0, to));
      const found = words(input, { lowercase: false }).map(({ word, start, end }) => [
        word,
        bytes(start),
        bytes(end),
      ]);
      expect(found).toEqual(byte_splits);
    }
  });

  it("decoding", (context) => {
    for (const { tokens, cleanup, output } of file(context).decoder)
      expect(joinTokens(tokens, cleanup)).toBe(output);
  });

  it("encoding, which is also its post-processor's case", (context) => {
    for (const given of file(context).encode) {
      const tokenizer = published(context, vocabularyName(given));
      const options = { pair: given.pair, addSpecialTokens: given.add_special_tokens, offsets: true };
      const { ids, typeIds, offsets } = tokenizer.encode(given.text, options);
      expect(ids).toEqual(given.ids);
      expect(ids.map((id) => tokenizer.idToToken(id))).toEqual(given.tokens);
      expect(typeIds).toEqual(given.type_ids);
      expect([...(offsets ?? [])]).toEqual(given.offsets.flat());
    }
  });
});

it("ONNX Runtime Extensions: pairs", (context) => {
  const tokenizer = published(context, "uncased");
  for (const { text, pair, ids, type_ids } of cases(context, "ortx_bert_uncased_pairs")) {
    expect(tokenizer.encode(text, { pair })).toMatchObject({ ids, typeIds: type_ids });
  }
});

it("nlp.js: words, a sentence, a pair", (context) => {
  const tokenizer = published(context, "cased", { lowercase: false });
  for (const given of cases(context, "nlpjs_bert_cased")) {
    if (given.op === "word" || given.op === "sentence") {
      const { ids, offsets } = tokenizer.encode(given.input, { addSpecialTokens: false, offsets: true });
      expect(ids).toEqual(given.ids);
      expect(ids.map((id) => tokenizer.idToToken(id))).toEqual(given.tokens);
      if (given.offsets !== undefined) expect([...(offsets ?? [])]).toEqual(given.offsets.flat());
    } else if (given.op === "word_inside") {
      // the word as the continuation of another, here of "x", which is a piece
      const [, ...rest] = tokenizer.encode(`x${given.input}`, { addSpecialTokens: false }).ids;
      expect(rest).toEqual(given.ids);
    } else {
      expect(given.op).toBe("pair");
      const { ids, typeIds } = tokenizer.encode(given.text, { pair: given.pair });
      expect([ids[0], ids[6], ids.at(-1), typeIds[0], typeIds[8]]).toEqual([101, 102, 102, 0, 1]);
    }
  }
});

it("keras-bert: ids and types, but for unknown words", (context) => {
  for (const given of cases(context, "keras_bert_tokenizer")) {
    const tokenizer = tokenizerOf(given);
    const maxLength = given.max_len;
    const { ids, typeIds } = tokenizer.encode(given.input, { pair: given.pair, maxLength });
    // it pads here, which batching does for us
    const padding = Array<number>(given.ids.length - ids.length).fill(tokenizer.padId);
    if (given.input.includes("zzz")) {
      // "ah" and "zzz" cannot be spelled: it gives an [UNK] for each character, Google and Hugging Face one for the
      // word
      expect(ids).toEqual([2, 8, 5, 6, 11, 9, 10, 1, 12, 13, 1, 3]);
    } else if (given.pair !== undefined && maxLength === 4) {
      // room for one token of "博推" and "博推": the odd one goes to the first text there, to the second here
      expect(ids).toEqual([2, 3, 1, 3]);
    } else {
      expect([...ids, ...padding]).toEqual(given.ids);
      if (given.segments !== undefined) expect([...typeIds, ...padding]).toEqual(given.segments);
    }
  }
});
