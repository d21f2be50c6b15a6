/**
 * Added tokens of any `tokenizer.json`: matched in the raw text or in the normalized one, perhaps only as whole words,
 * perhaps with the white space beside them ("<mask>" takes the space before it).
 *
 * As Hugging Face's `added_vocabulary.rs`: the leftmost match wins, of those the longest. BERT's tokenizers, whose tokens
 * have none of these flags, go through added-tokens.ts.
 */
import type { AddedToken } from "./added-tokens.ts";
import type { AlignedText } from "./aligned-text.ts";
import { alignedText, sliceAligned } from "./aligned-text.ts";
import { everyMatch } from "./every-match.ts";
import type { JsonEntry } from "./json-entry.ts";
import type { NormalizerStep } from "./normalizer-steps.ts";

export interface FlaggedToken extends AddedToken {
  readonly singleWord: boolean;
  /** White space before it, or behind it, belongs to it. */
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  /** Looked for in the normalized text, in its normalized form. */
  readonly normalized: boolean;
}

/** One of `added_tokens`. */
export function readFlaggedToken(entry: JsonEntry): FlaggedToken {
  const content = entry.get("content").string();
  if (content === "") throw entry.get("content").refusal("a text");
  return {
    content,
    id: entry.get("id").count(),
    special: entry.get("special").boolean(false),
    singleWord: entry.get("single_word").boolean(false),
    lstrip: entry.get("lstrip").boolean(false),
    rstrip: entry.get("rstrip").boolean(false),
    normalized: entry.get("normalized").boolean(true),
  };
}

/** What a text is cut into: a token, or a stretch of normalized text between tokens. */
export type Part =
  | { readonly token: FlaggedToken; readonly start: number; readonly end: number }
  | { readonly token?: undefined; readonly text: AlignedText };

export class FlaggedTokens {
  readonly #raw: Matcher;
  readonly #normalized: Matcher;
  readonly #normalize: NormalizerStep;

  constructor(tokens: readonly FlaggedToken[], normalize: NormalizerStep) {
    this.#normalize = normalize;
    const raw = tokens.filter((token) => !token.normalized);
    const normalized = tokens.filter((token) => token.normalized);
    this.#raw = new Matcher(raw.map((token) => [token.content, token]));
    this.#normalized = new Matcher(
      normalized.map((token) => [normalize(alignedText(token.content)).text, token]),
    );
  }

  /** Cuts a raw text: first at tokens in it, then each stretch, once normalized, at those that are looked for there. */
  split(raw: string): Part[] {
    return this.#raw
      .split(alignedText(raw))
      .flatMap((part) =>
        part.token === undefined ? this.#normalized.split(this.#normalize(part.text)) : [part],
      );
  }
}

class Matcher {
  readonly #tokens: ReadonlyMap<string, FlaggedToken>;
  readonly #pattern: RegExp;

  constructor(tokens: readonly (readonly [form: string, token: FlaggedToken])[]) {
    const usable = tokens.filter(([form]) => form !== "");
    this.#tokens = new Map(usable);
    const forms = [...this.#tokens.keys()].sort((a, b) => b.length - a.length);
    const escaped = forms.map((form) => form.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
    this.#pattern = new RegExp(escaped.join("|") || "(?!)", "gu");
  }

  split(input: AlignedText): Part[] {
    const { text, starts, ends } = input;
    const parts: Part[] = [];
    let from = 0;
    for (const match of everyMatch(this.#pattern, text)) {
      let { from: start, to: end } = match;
      const token = this.#tokens.get(text.slice(start, end));
      if (token === undefined || (token.singleWord && !standsAlone(text, start, end))) continue;
      if (token.lstrip) start = Math.max(start - trailingSpace(text.slice(0, start)), from);
      if (token.rstrip) end += /^\p{White_Space}*/u.exec(text.slice(end))?.[0].length ?? 0;
      if (start > from) parts.push({ text: sliceAligned(input, from, start) });
      parts.push({ token, start: starts[start], end: ends[end - 1] });
      from = end;
    }
    if (from === 0) return text === "" ? [] : [{ text: input }];
    if (from < text.length) parts.push({ text: sliceAligned(input, from, text.length) });
    return parts;
  }
}

function standsAlone(text: string, start: number, end: number): boolean {
  return (
    !/[\p{L}\p{M}\p{N}\p{Pc}]$/u.test(text.slice(0, start)) &&
    !/^[\p{L}\p{M}\p{N}\p{Pc}]/u.test(text.slice(end))
  );
}

function trailingSpace(text: string): number {
  return /\p{White_Space}*$/u.exec(text)?.[0].length ?? 0;
}
