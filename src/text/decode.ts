/**
 * From tokens back to readable text.
 *
 * As Hugging Face's WordPiece decoder with clean-up: pieces join the word before them, words are set apart by
 * spaces, and the spaces before English punctuation and contractions go. What normalization removed (case, accents,
 * the spacing of the original) does not come back: offsets into the raw text show the original.
 */
import { AttuneError } from "../base/errors.ts";
import type { DecodeOptions, Tokenizer } from "./encoding.ts";
import { CONTINUATION } from "./wordpiece.ts";

/** In this order; the clean-up of `transformers`. */
const CLEAN_UP: readonly (readonly [string, string])[] = [
  [" .", "."],
  [" ?", "?"],
  [" !", "!"],
  [" ,", ","],
  [" ' ", "'"],
  [" n't", "n't"],
  [" 'm", "'m"],
  [" 's", "'s"],
  [" 've", "'ve"],
  [" 're", "'re"],
];

/** The text that `tokens` read as; `cleanUp` removes the spaces before English punctuation. */
export function joinTokens(tokens: readonly string[], cleanUp: boolean): string {
  let text = "";
  for (const [i, token] of tokens.entries()) {
    if (i === 0) text = token;
    else if (token.startsWith(CONTINUATION)) text += token.slice(CONTINUATION.length);
    else text += ` ${token}`;
  }
  if (!cleanUp) return text;
  return CLEAN_UP.reduce((cleaned, [from, to]) => cleaned.replaceAll(from, to), text);
}

/** The tokens of ids, special ones left out on request. Throws ERR_TOKEN_ID for an id outside the vocabulary. */
export function tokensOf(
  tokenizer: Pick<Tokenizer, "idToToken" | "isSpecial" | "vocabSize">,
  ids: Iterable<number>,
  options: DecodeOptions,
): string[] {
  const tokens: string[] = [];
  for (const id of ids) {
    const token = tokenizer.idToToken(id);
    if (token === undefined) throw unknownId(id, tokenizer.vocabSize);
    if (options.skipSpecialTokens !== true || !tokenizer.isSpecial(id)) tokens.push(token);
  }
  return tokens;
}

/** The error for an id outside a vocabulary of `size` tokens. */
function unknownId(id: number, size: number): AttuneError {
  return new AttuneError("ERR_TOKEN_ID", {
    rule: `a token id must be a whole number from 0 to ${size - 1}`,
    found: `found ${id}`,
    next: "decode with the tokenizer that encoded",
  });
}
