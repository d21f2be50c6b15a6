/**
 * How a next-token model is made to write: greedily, by beam search, by sampling.
 *
 * Pure: knows a step function from tokens to logits and nothing of graphs. Rows are sequences that grow together; a
 * row that has ended is fed its end token until all have.
 *
 * Beam search keeps the `beams` likeliest beginnings of each sequence (Sutskever et al. 2014) and compares sequences by
 *
 *     worth = log-probability / length^lengthPenalty,   length in tokens, the end among them
 *
 * (Wu et al. 2016, simplified as in fairseq). It stops when `beams` sequences have ended and no living one is worth
 * more at its present length: a rule of thumb, since a living one may still gain by growing. Sampling divides logits
 * by the temperature, then cuts the distribution to the `topK` likeliest tokens (Fan et al. 2018), then to the
 * smallest set of mass `topP` (Holtzman et al. 2020). Tokens of logit -Infinity are never written.
 */
import { AttuneError, internal } from "../base/errors.ts";
import { optionError } from "../base/options.ts";
import { Random } from "../base/random.ts";

/**
 * Feeds each row its newest token and gives the logits of the next, [rows, v]. Row i first becomes what row
 * parents[i] was.
 */
export type DecodingStep = (tokens: Int32Array, parents: Int32Array) => Promise<Float32Array>;

export interface DecodingOptions {
  /** Most tokens to write, the end token included. */
  readonly maxLength: number;
  /** What every sequence begins with; not part of the result. */
  readonly startId: number;
  /** What ends a sequence; not part of the result. */
  readonly endId: number;
  readonly method?: "greedy" | "beam" | "sample";
  /** For "beam": sequences kept at each step. Default 4. */
  readonly beams?: number;
  /** For "beam": above 1 favours longer sequences. Default 1. */
  readonly lengthPenalty?: number;
  /** For "sample": below 1 makes likely tokens likelier. Default 1. */
  readonly temperature?: number;
  /** For "sample": only the so many likeliest tokens. Default all. */
  readonly topK?: number;
  /** For "sample": only the likeliest tokens of this total probability. Default 1. */
  readonly topP?: number;
  /**
   * For "sample". Default 0. Each token is drawn by the seed, the sequence's place in the batch and the token's: a
   * source that moves within its batch gets another sequence.
   */
  readonly seed?: number;
}

export interface Generated {
  readonly tokens: readonly number[];
  /** Log-probability of the tokens and the end. */
  readonly score: number;
  /** False where `maxLength` came before the end. */
  readonly ended: boolean;
}

/** How many rows each sequence needs: a step function must be made for `sequences * rowsEach(options)`. */
export function rowsEach(options: DecodingOptions): number {
  return options.method === "beam" ? (options.beams ?? 4) : 1;
}

/**
 * Writes one continuation for each of `sequences`.
 *
 * @throws ERR_OPTION naming the option and its range, ERR_OPTION_UNUSED for one that the method does not use;
 *   ERR_LOGITS_NOT_FINITE.
 */
export async function decodeTokens(
  step: DecodingStep,
  sequences: number,
  options: DecodingOptions,
): Promise<readonly Generated[]> {
  checkDecodingOptions(options);
  if (options.method === "beam") return beamSearch(step, sequences, options);
  return oneRowEach(step, sequences, options);
}

/** Greedy and sampled writing. */
async function oneRowEach(
  step: DecodingStep,
  sequences: number,
  options: DecodingOptions,
): Promise<readonly Generated[]> {
  const { maxLength, startId, endId } = options;
  const rows = Array.from({ length: sequences }, () => ({ tokens: [] as number[], score: 0, ended: false }));
  const parents = Int32Array.from(rows.keys());
  let newest = new Int32Array(sequences).fill(startId);
  for (let t = 0; t < maxLength && rows.some(({ ended }) => !ended); t++) {
    const logits = await step(newest, parents);
    const vocabulary = vocabularyOf(logits, sequences, endId);
    newest = Int32Array.from(rows, (row, i) => {
      if (row.ended) return endId;
      const logP = logSoftmax(logits.subarray(i * vocabulary, (i + 1) * vocabulary));
      const token = options.method === "sample" ? sample(logP, options, i, t) : argmax(logP);
      row.score += logP[token];
      row.ended = token === endId;
      if (!row.ended) row.tokens.push(token);
      return token;
    });
  }
  return rows;
}

interface Beam {
  readonly tokens: readonly number[];
  readonly score: number;
}

async function beamSearch(
  step: DecodingStep,
  sequences: number,
  options: DecodingOptions,
): Promise<readonly Generated[]> {
  const { maxLength, startId, endId, lengthPenalty = 1 } = options;
  const beams = rowsEach(options);
  const value = ({ score }: Beam, length: number) => score / Math.max(1, length) ** lengthPenalty;
  // at first all rows of a sequence are the same: one lives, the others can win nothing
  const alive: Beam[][] = Array.from({ length: sequences }, () => [{ tokens: [], score: 0 }]);
  const finished: Beam[][] = Array.from({ length: sequences }, () => []);
  let newest = new Int32Array(sequences * beams).fill(startId);
  let parents = Int32Array.from(newest.keys());
  for (let t = 0; t < maxLength && alive.some((kept) => kept.length > 0); t++) {
    const logits = await step(newest, parents);
    const vocabulary = vocabularyOf(logits, sequences * beams, endId);
    newest = new Int32Array(sequences * beams).fill(endId);
    parents = Int32Array.from(newest.keys());
    for (let s = 0; s < sequences; s++) {
      const candidates = alive[s].flatMap(({ score }, j) => {
        const row = s * beams + j;
        const logP = logSoftmax(logits.subarray(row * vocabulary, (row + 1) * vocabulary));
        // of one beam no more than this many can be among the best
        return likeliest(logP, 2 * beams).map((token) => ({ beam: j, token, score: score + logP[token] }));
      });
      candidates.sort((a, b) => b.score - a.score);
      const next: Beam[] = [];
      for (const { beam, token, score } of candidates.slice(0, 2 * beams)) {
        if (next.length === beams) break;
        const { tokens } = alive[s][beam];
        if (token === endId) {
          finished[s].push({ tokens, score });
          continue;
        }
        newest[s * beams + next.length] = token;
        parents[s * beams + next.length] = s * beams + beam;
        next.push({ tokens: [...tokens, token], score });
      }
      alive[s] = isSettled(finished[s], next, t + 1) ? [] : next;
    }
  }
  return alive.map((kept, s) => {
    const done = finished[s].map((beam) => ({
      ...beam,
      ended: true,
      worth: value(beam, beam.tokens.length + 1),
    }));
    const open = kept.map((beam) => ({ ...beam, ended: false, worth: value(beam, beam.tokens.length) }));
    const [top] = (done.length > 0 ? done : open).sort((a, b) => b.worth - a.worth);
    return { tokens: top.tokens, score: top.score, ended: top.ended };
  });

  /** Whether enough have ended, and no living beginning is worth more than the `beams` best of them. */
  function isSettled(done: readonly Beam[], living: readonly Beam[], length: number): boolean {
    if (living.length === 0) return true;
    if (done.length < beams) return false;
    const worths = done.map((beam) => value(beam, beam.tokens.length + 1)).sort((a, b) => b - a);
    return living.every((beam) => value(beam, length) <= worths[beams - 1]);
  }
}

/** How many logits a row has. */
function vocabularyOf(logits: Float32Array, rows: number, endId: number): number {
  const vocabulary = logits.length / rows;
  if (!Number.isInteger(vocabulary) || vocabulary === 0)
    throw internal(`${logits.length} logits do not make ${rows} rows`);
  if (endId >= vocabulary)
    throw optionError(
      "generation",
      `endId must be one of the ${vocabulary} tokens that have logits`,
      `it is ${endId}`,
    );
  return vocabulary;
}

/** log softmax in float64. */
function logSoftmax(logits: Float32Array): Float64Array {
  const max = logits.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY); // NaN stays
  if (!Number.isFinite(max)) throw badLogits(max);
  const total = logits.reduce((sum, value) => sum + Math.exp(value - max), 0);
  return Float64Array.from(logits, (value) => value - max - Math.log(total));
}

/** The place of the largest value; the first of equals. */
function argmax(values: Float64Array): number {
  return values.reduce((top, value, i) => (value > values[top] ? i : top), 0);
}

/** The `count` likeliest tokens, likeliest first; none that is impossible. */
function likeliest(logP: Float64Array, count: number): number[] {
  const possible = [...logP.keys()].filter((token) => logP[token] > Number.NEGATIVE_INFINITY);
  return possible.sort((a, b) => logP[b] - logP[a] || a - b).slice(0, count);
}

function sample(logP: Float64Array, options: DecodingOptions, row: number, t: number): number {
  const { temperature = 1, topK = logP.length, topP = 1, seed = 0 } = options;
  const ranked = likeliest(logP, topK);
  const weights = ranked.map((token) => Math.exp((logP[token] - logP[ranked[0]]) / temperature));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let mass = 0;
  const kept = weights.findIndex((weight) => (mass += weight / total) >= topP);
  const choices = kept < 0 ? weights : weights.slice(0, kept + 1);
  let left = new Random(seed, `sample/${row}/${t}`).uniform() * choices.reduce((sum, w) => sum + w, 0);
  const chosen = choices.findIndex((weight) => (left -= weight) <= 0);
  return ranked[chosen < 0 ? choices.length - 1 : chosen];
}

type Range = readonly [holds: (value: number) => boolean, text: string];
const positiveInteger: Range = [(n) => Number.isSafeInteger(n) && n > 0, "a whole number, 1 or more"];
const id: Range = [(n) => Number.isSafeInteger(n) && n >= 0, "a whole number, 0 or more"];

const common: Readonly<Record<string, Range>> = { maxLength: positiveInteger, startId: id, endId: id };
const byMethod: Readonly<Record<string, Readonly<Record<string, Range>>>> = {
  greedy: {},
  beam: {
    beams: positiveInteger,
    lengthPenalty: [(x) => x >= 0 && Number.isFinite(x), "a number, 0 or more"],
  },
  sample: {
    temperature: [(x) => x > 0 && Number.isFinite(x), "a number above 0"],
    topK: positiveInteger,
    topP: [(x) => x > 0 && x <= 1, "in (0, 1]"],
    seed: id,
  },
};

/** Checks options against their ranges and the method. @throws ERR_OPTION, ERR_OPTION_UNUSED */
export function checkDecodingOptions({ method = "greedy", ...options }: DecodingOptions): void {
  if (!Object.hasOwn(byMethod, method))
    throw optionError("generation", "method must be greedy, beam or sample", `it is "${method}"`);
  const ranges = { ...common, ...byMethod[method] };
  for (const name of Object.keys(common)) {
    if (!Object.hasOwn(options, name))
      throw optionError("generation", `${name} must be ${common[name][1]}`, "it is not given");
  }
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined && !Object.hasOwn(common, name)) continue;
    if (!Object.hasOwn(ranges, name)) throw unusedOption(method, name, value);
    const [holds, text] = ranges[name];
    if (!holds(value)) throw optionError("generation", `${name} must be ${text}`, `it is ${value}`);
  }
}

function unusedOption(method: string, name: string, value: number): AttuneError {
  return new AttuneError("ERR_OPTION_UNUSED", {
    rule: `generation: options must be used, and ${method} does not use ${name}`,
    found: `${name} is ${value}`,
    next: "leave it out, or choose another method",
  });
}

function badLogits(max: number): AttuneError {
  return new AttuneError("ERR_LOGITS_NOT_FINITE", {
    rule: "generation: logits must be numbers or -Infinity, and one of them a number",
    found: `the largest of a row is ${max}`,
    next: "look for weights or inputs that are not finite, or for a mask that hides every token",
  });
}
