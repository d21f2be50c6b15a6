/**
 * Writes a model folder that Hugging Face transformers and transformers.js read as well.
 *
 * Sources: the files that `PreTrainedModel.save_pretrained` and `BertTokenizer.save_pretrained` of transformers write.
 *
 * All files change together (see atomic-write.ts). Other things in the folder are kept, among them an `onnx/` of the
 * earlier weights: exporting again is for the caller.
 */
import { writeFolderAtomic, type FileContent } from "./atomic-write.ts";
import { encodeSafetensors, type NamedTensor } from "./safetensors.ts";

/** The tokenizer of a model folder: a WordPiece one by its parts, any other as files. */
export type TokenizerContent = WordPieceContent | OtherTokenizerContent;

interface WordPieceContent {
  /** vocab.txt: one token a line, in the order of their numbers. */
  readonly vocabularyText: string;
  /** tokenizer.json, as text. */
  readonly tokenizerJson: string;
  /** How the tokenizer normalises texts. */
  readonly normalizer: {
    readonly lowercase: boolean;
    /** Default: as `lowercase`. */
    readonly stripAccents?: boolean | undefined;
    /** Whether each Chinese character is a word. */
    readonly handleChineseChars: boolean;
  };
}

interface OtherTokenizerContent {
  /** tokenizer.json, as text. */
  readonly tokenizerJson: string;
  /** tokenizer_config.json, but for `model_max_length`. */
  readonly tokenizerConfig: Readonly<Record<string, unknown>>;
  /** special_tokens_map.json. */
  readonly specialTokens: Readonly<Record<string, string>>;
}

/** What goes into a model folder. */
export type ModelFolderContent = TokenizerContent & {
  /** config.json, as `toHuggingFaceConfig` makes it. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Longest input in tokens, [CLS] and [SEP] included. */
  readonly maxLength: number;
  /** Weights under the checkpoint's own names; their data must not change until the folder is written. */
  readonly tensors: Iterable<NamedTensor>;
  /** attune.json. */
  readonly attune: Readonly<Record<string, unknown>>;
  /** README.md; one that stands there is kept where this is absent. */
  readonly readme?: string;
};

const specialTokens = {
  cls_token: "[CLS]",
  mask_token: "[MASK]",
  pad_token: "[PAD]",
  sep_token: "[SEP]",
  unk_token: "[UNK]",
};

/**
 * Writes a model folder; afterwards, or after a crash at any point, it is wholly the new model or wholly what it was.
 *
 * @param path the folder; it and those above it are created
 * @throws AttuneError as `writeFolderAtomic`, and as `encodeSafetensors` for tensors that cannot be written
 */
export async function writeModelFolder(path: string, content: ModelFolderContent): Promise<void> {
  const files: Record<string, FileContent> = {
    "config.json": formatJson(content.config),
    ...tokenizerFiles(content, content.maxLength),
    "attune.json": formatJson(content.attune),
    // transformers refuses safetensors files that do not name a framework.
    "model.safetensors": encodeSafetensors(content.tensors, { format: "pt" }, path),
  };
  if (content.readme !== undefined) files["README.md"] = content.readme;
  await writeFolderAtomic(path, files);
}

function tokenizerFiles(content: TokenizerContent, maxLength: number): Record<string, string> {
  if ("tokenizerConfig" in content) {
    return {
      "tokenizer.json": content.tokenizerJson,
      "tokenizer_config.json": formatJson({ ...content.tokenizerConfig, model_max_length: maxLength }),
      "special_tokens_map.json": formatJson(content.specialTokens),
    };
  }
  const { normalizer } = content;
  return {
    "vocab.txt": content.vocabularyText,
    "tokenizer.json": content.tokenizerJson,
    "tokenizer_config.json": formatJson({
      tokenizer_class: "BertTokenizer",
      do_lower_case: normalizer.lowercase,
      // null: accents are stripped where letters are lowercased
      strip_accents: normalizer.stripAccents ?? null,
      tokenize_chinese_chars: normalizer.handleChineseChars,
      model_max_length: maxLength,
      clean_up_tokenization_spaces: true,
      ...specialTokens,
    }),
    "special_tokens_map.json": formatJson(specialTokens),
  };
}

function formatJson(value: Readonly<Record<string, unknown>>): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
