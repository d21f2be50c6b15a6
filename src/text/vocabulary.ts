/**
 * WordPiece vocabularies as `vocab.txt` has them: one token a line, the id is the line number from 0.
 *
 * Does not learn a vocabulary: train-vocabulary.ts does.
 */
import { AttuneError } from "../base/errors.ts";

/** BERT's special tokens, by what they are for. */
export const SPECIAL_TOKENS = {
  pad: "[PAD]",
  unk: "[UNK]",
  cls: "[CLS]",
  sep: "[SEP]",
  mask: "[MASK]",
} as const;

/** Without these nothing can be encoded; [MASK] is only needed to mask. */
const REQUIRED = [SPECIAL_TOKENS.pad, SPECIAL_TOKENS.unk, SPECIAL_TOKENS.cls, SPECIAL_TOKENS.sep];

/**
 * The tokens of a `vocab.txt`. Lines end in LF or CRLF, the last one with or without; a byte order mark is passed over.
 * `file` is only named in errors. Throws ERR_VOCABULARY if a token stands on two lines or a special token is missing.
 *
 * @example
 * readVocabulary("[PAD]\n[UNK]\n[CLS]\n[SEP]\nhello\n"); // 5 tokens
 */
export function readVocabulary(text: string, file?: string): string[] {
  const lines = text.replace(/^\ufeff/, "").split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  checkDistinct(lines, file);
  checkSpecialTokens(new Map(lines.map((token, id) => [token, id])), file);
  return lines;
}

/** The text of a `vocab.txt` that holds `tokens`. Throws ERR_VOCABULARY if one of them contains a line end. */
export function writeVocabulary(tokens: readonly string[]): string {
  const broken = tokens.findIndex((token) => /[\r\n]/.test(token));
  if (broken >= 0) {
    throw new AttuneError("ERR_VOCABULARY", {
      rule: "a token must fit on one line of vocab.txt",
      found: `token ${broken}, ${JSON.stringify(tokens[broken])}, contains a line end`,
      next: "keep this vocabulary in tokenizer.json only",
    });
  }
  return tokens.map((token) => `${token}\n`).join("");
}

/** Throws ERR_VOCABULARY, which names the lines, if a token stands twice. */
export function checkDistinct(tokens: readonly string[], file?: string): void {
  const lines = new Map<string, number>();
  for (const [i, token] of tokens.entries()) {
    const earlier = lines.get(token);
    if (earlier !== undefined) {
      throw new AttuneError("ERR_VOCABULARY", {
        rule: "each token of a vocabulary must stand on one line only",
        found: `${JSON.stringify(token)} stands on lines ${earlier} and ${i + 1}`,
        next: "restore the vocabulary as it was published: taking a line out changes the ids of all that follow",
        ...(file === undefined ? {} : { file }),
        row: i + 1,
      });
    }
    lines.set(token, i + 1);
  }
}

/** Throws ERR_VOCABULARY if a special token that encoding needs is not in the vocabulary. */
export function checkSpecialTokens(vocabulary: ReadonlyMap<string, number>, file?: string): void {
  const missing = REQUIRED.filter((token) => !vocabulary.has(token));
  if (missing.length === 0) return;
  throw new AttuneError("ERR_VOCABULARY", {
    rule: `a BERT vocabulary must contain ${REQUIRED.join(", ")}`,
    found: `${missing.join(", ")} missing among ${vocabulary.size} tokens`,
    next: "check that this is the vocabulary of a BERT model",
    ...(file === undefined ? {} : { file }),
  });
}
