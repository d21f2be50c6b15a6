/**
 * Byte-level BPE as it was published before `tokenizer.json`: `vocab.json` and `merges.txt`, with RoBERTa's special
 * tokens.
 *
 * Gives the `tokenizer.json` of the same tokenizer, as `RobertaTokenizerFast` of transformers makes it from the two.
 */
import { AttuneError } from "../base/errors.ts";
import { JsonEntry } from "./json-entry.ts";

const SPECIALS = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"] as const;

export interface ByteLevelBpeOptions {
  /** Whether a text is read as if a space stood before it. Default false. */
  readonly addPrefixSpace?: boolean;
  /** Named in errors. */
  readonly file?: string;
}

/**
 * The text of a `tokenizer.json` from those of `vocab.json` and `merges.txt`.
 * Throws ERR_TOKENIZER_JSON if the vocabulary is not JSON, ERR_VOCABULARY if one of RoBERTa's special tokens is missing.
 */
export function byteLevelBpeJson(
  vocabJson: string,
  merges: string,
  options: ByteLevelBpeOptions = {},
): string {
  const { addPrefixSpace = false, file } = options;
  const vocab = JsonEntry.parse(vocabJson, file);
  const ids = new Map(vocab.entries().map(([token]) => [token, vocab.get(token).count()] as const));
  const missing = SPECIALS.filter((token) => !ids.has(token));
  if (missing.length > 0) {
    throw new AttuneError("ERR_VOCABULARY", {
      rule: `a RoBERTa vocabulary must contain ${SPECIALS.join(", ")}`,
      found: `${missing.join(", ")} missing among ${ids.size} tokens`,
      next: "use the vocab.json of a RoBERTa model",
      ...(file === undefined ? {} : { file }),
    });
  }
  const special = (content: (typeof SPECIALS)[number]) => ({
    id: ids.get(content),
    content,
    single_word: false,
    lstrip: content === "<mask>",
    rstrip: false,
    normalized: content !== "<mask>",
    special: true,
  });
  const lines = merges
    .split(/\r?\n/)
    .filter((line, i) => line !== "" && !(i === 0 && line.startsWith("#version")));
  const trimmed = { trim_offsets: true, add_prefix_space: addPrefixSpace };
  return JSON.stringify({
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: SPECIALS.map(special).sort((a, b) => Number(a.id) - Number(b.id)),
    normalizer: null,
    pre_tokenizer: { type: "ByteLevel", ...trimmed, use_regex: true },
    post_processor: {
      type: "RobertaProcessing",
      sep: ["</s>", ids.get("</s>")],
      cls: ["<s>", ids.get("<s>")],
      ...trimmed,
    },
    decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: "<unk>",
      continuing_subword_prefix: "",
      end_of_word_suffix: "",
      fuse_unk: false,
      byte_fallback: false,
      vocab: Object.fromEntries(ids),
      merges: lines,
    },
  });
}
