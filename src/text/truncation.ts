/**
 * How many tokens of each text are kept when a limit is set.
 *
 * "longestFirst" is the rule of Hugging Face's `utils/truncation.rs`: the longer text gives way until both are equal,
 * then both are halved, and an odd token goes to the longer one, of equal ones to the second. (The slow Python
 * tokenizers cut token by token, and give it to the first.) Since 0.23 `tokenizers` stops reading each text at the
 * end of the word that reaches maxLength, so of two very long texts "longer" means: longer up to there.
 *
 * Tokens are cut at the end. Does not know special tokens: `room` is what they leave.
 */
import { AttuneError, nearest } from "../base/errors.ts";
import type { EncodeOptions, Truncation } from "./encoding.ts";
import type { TokenBuffer } from "./token-buffer.ts";

const TRUNCATIONS: readonly Truncation[] = ["longestFirst", "onlyFirst", "onlySecond"];

/**
 * How many of `first` and `second` tokens to keep so that together they are at most `room`. The lengths may be
 * measured up to the word that reaches maxLength only.
 * Throws ERR_TRUNCATION if the one text that may be cut would have nothing left.
 *
 * @example
 * keptLengths(10, 4, 9); // [5, 4]
 */
export function keptLengths(
  first: number,
  second: number,
  room: number,
  truncation: Truncation = "longestFirst",
): [number, number] {
  if (first + second <= room) return [first, second];
  if (truncation === "onlyFirst") return [remainder(room - second, truncation), second];
  if (truncation === "onlySecond") return [first, remainder(room - first, truncation)];
  const shorter = Math.min(first, second);
  if (2 * shorter <= room) return first <= second ? [first, room - first] : [room - second, second];
  const half = Math.floor(room / 2);
  return first <= second ? [half, room - half] : [room - half, half];
}

/** How many tokens of two texts are kept beside `specialTokens` special ones. Throws ERR_TRUNCATION. */
export function keptTokens(
  first: TokenBuffer,
  second: TokenBuffer,
  { maxLength, truncation }: EncodeOptions,
  specialTokens: number,
): [number, number] {
  if (maxLength === undefined) return [first.length, second.length];
  return keptLengths(first.lengthAtLimit, second.lengthAtLimit, maxLength - specialTokens, truncation);
}

/** Throws ERR_TRUNCATION unless the options fit together and the limit has room for `specialTokens`. */
export function checkLimit(options: EncodeOptions, specialTokens: number): void {
  const { maxLength, truncation, pair } = options;
  if (truncation !== undefined && !TRUNCATIONS.includes(truncation)) {
    throw new AttuneError("ERR_TRUNCATION", {
      rule: `truncation must be one of ${TRUNCATIONS.join(", ")}`,
      found: `found ${JSON.stringify(truncation)}`,
      next: `did you mean "${nearest(String(truncation), TRUNCATIONS) ?? TRUNCATIONS[0]}"?`,
    });
  }
  if (truncation !== undefined && maxLength === undefined) {
    throw new AttuneError("ERR_TRUNCATION", {
      rule: "truncation needs a maxLength",
      found: `truncation is "${truncation}" without one`,
      next: "set maxLength or leave truncation out",
    });
  }
  if (truncation === "onlySecond" && pair === undefined) {
    throw new AttuneError("ERR_TRUNCATION", {
      rule: 'truncation "onlySecond" needs a second text',
      found: "there is no pair",
      next: 'pass pair or use truncation "longestFirst"',
    });
  }
  if (maxLength !== undefined && (!Number.isInteger(maxLength) || maxLength < specialTokens)) {
    throw new AttuneError("ERR_TRUNCATION", {
      rule: `maxLength must be a whole number, at least ${specialTokens} for the special tokens`,
      found: `found ${maxLength}`,
      next: "raise maxLength",
    });
  }
}

function remainder(left: number, truncation: Truncation): number {
  if (left > 0) return left;
  throw new AttuneError("ERR_TRUNCATION", {
    rule: `truncation "${truncation}" must leave some of the text it cuts`,
    found: "the other text and the special tokens alone fill maxLength",
    next: 'raise maxLength or use truncation "longestFirst"',
  });
}
