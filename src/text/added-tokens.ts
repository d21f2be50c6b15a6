/**
 * Tokens that are recognised in the raw text, before it is normalized: [MASK], [SEP] and whatever was added.
 *
 * As Hugging Face's `added_vocabulary.rs` for tokens that are not normalized: the leftmost match wins, of those the
 * longest, in the middle of a word too, and exactly as written ("[mask]" is not one).
 *
 * Does not match tokens against normalized text, nor only as whole words, nor with the white space next to them;
 * tokenizer-json.ts refuses such tokens.
 */
import { internal } from "../base/errors.ts";

/** One such token. */
export interface AddedToken {
  readonly content: string;
  readonly id: number;
  /** Left out by `decode(ids, { skipSpecialTokens: true })`. */
  readonly special: boolean;
}

/** Finds added tokens in texts. */
export class AddedTokens {
  readonly #ids: ReadonlyMap<string, number>;
  readonly #pattern: RegExp;

  constructor(tokens: readonly AddedToken[]) {
    this.#ids = new Map(tokens.map((token) => [token.content, token.id]));
    const contents = tokens.map((token) => token.content).sort((a, b) => b.length - a.length);
    this.#pattern = new RegExp(contents.map(escapeForPattern).join("|") || "(?!)", "g");
  }

  /**
   * Calls `onText` for each stretch of `text` between added tokens, and `onToken` for each of them, in order.
   * Offsets are in UTF-16 units.
   */
  split(
    text: string,
    onText: (from: number, to: number) => void,
    onToken: (id: number, from: number, to: number) => void,
  ): void {
    let from = 0;
    // the pattern remembers where it stopped, and starts over after it has found nothing
    for (let match = this.#pattern.exec(text); match !== null; match = this.#pattern.exec(text)) {
      if (match.index > from) onText(from, match.index);
      from = match.index + match[0].length;
      onToken(this.#idOf(match[0]), match.index, from);
    }
    if (from < text.length) onText(from, text.length);
  }

  #idOf(content: string): number {
    const id = this.#ids.get(content);
    if (id === undefined) throw internal(`the pattern of added tokens matched ${JSON.stringify(content)}`);
    return id;
  }
}

function escapeForPattern(content: string): string {
  return content.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
