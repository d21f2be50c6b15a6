/**
 * Which model training starts from where none is named: the built-in one if it can read the texts, else a preset from
 * scratch.
 *
 * The built-in model knows English and Chinese. It reads texts whose letters are Latin or Chinese, whose Latin words it
 * spells in few pieces (English takes about 1.2 a word, French and German 1.8 and more), and of which it knows nearly
 * every token. Decided on the first 1,000 training texts, so the same data gives the same answer.
 */
import { BUILT_IN_MODEL, readModelFolder } from "../models/checkpoint/index.ts";
import { parseBertConfig } from "../models/bert/config.ts";
import type { Tokenizer } from "../text/index.ts";
import type { Examples } from "./prepare.ts";
import { tokenizerOfFolder } from "./tokenizer-of-folder.ts";

/** Where the built-in model does not read the texts. */
export const DEFAULT_PRESET = "mini";

const SAMPLE_TEXTS = 1000;
const LEAST_KNOWN_LETTERS = 0.9;
const MOST_PIECES_A_WORD = 1.6;
const MOST_UNKNOWN = 0.03;

export interface DefaultModel {
  readonly model: string;
  /** Why it is not the built-in one; undefined where it is. */
  readonly because: string | undefined;
}

/** Chooses between the built-in model and `DEFAULT_PRESET`. */
export async function defaultModel({ train }: Pick<Examples, "train">): Promise<DefaultModel> {
  const folder = await readModelFolder(BUILT_IN_MODEL);
  await folder.weights.close();
  const { encoder } = parseBertConfig(folder.config, folder.configFile);
  const tokenizer = tokenizerOfFolder(folder, encoder.vocabSize);
  const texts = train
    .slice(0, SAMPLE_TEXTS)
    .flatMap(({ text, textPair }) => (textPair === undefined ? [text] : [text, textPair]));
  const because = whyNot(texts, tokenizer);
  return { model: because === undefined ? BUILT_IN_MODEL : DEFAULT_PRESET, because };
}

/** Why a tokenizer for English and Chinese does not suit texts; undefined where it does. */
export function whyNot(texts: readonly string[], tokenizer: Tokenizer): string | undefined {
  const counts = { letters: 0, known: 0, words: 0, pieces: 0, tokens: 0, unknown: 0 };
  for (const text of texts) {
    counts.letters += text.match(/\p{L}/gu)?.length ?? 0;
    counts.known += text.match(/[\p{Script=Latin}\p{Script=Han}]/gu)?.length ?? 0;
    const words = text.match(/\p{Script=Latin}+/gu) ?? [];
    counts.words += words.length;
    counts.pieces += tokenizer.encode(words.join(" "), { addSpecialTokens: false }).tokenCount;
    const { tokenCount, unknownTokens } = tokenizer.encode(text, { addSpecialTokens: false });
    counts.tokens += tokenCount;
    counts.unknown += unknownTokens;
  }
  const percent = (share: number) => `${(100 * share).toFixed(0)}%`;
  if (counts.known < LEAST_KNOWN_LETTERS * counts.letters)
    return `${percent(1 - counts.known / counts.letters)} of the letters are neither Latin nor Chinese`;
  if (counts.pieces > MOST_PIECES_A_WORD * counts.words)
    return `their words fall into ${(counts.pieces / counts.words).toFixed(1)} pieces each, as in a language that it has not learnt`;
  if (counts.unknown > MOST_UNKNOWN * counts.tokens)
    return `${percent(counts.unknown / counts.tokens)} of the tokens are unknown to it`;
  return undefined;
}
