/**
 * Where the decoder looked: for each character it writes, its attention to the characters of the source.
 *
 *     weights[t][s] = mean over layers and heads of softmax(q_t . k_s / sqrt(d_head))        sum over s is 1
 *
 * The mean is one picture of eight; a single head may look elsewhere.
 */
import type { HostTensor, Tensor } from "attune/nn";
import { add, evaluate, input, mul, reshape, scalar, Scope, sum } from "attune/nn";
import { crossAttentionPaths, dateTransformer, heads } from "./model.ts";
import type { Learned } from "./normalizer.ts";

export interface Attention {
  /** Characters of the source. */
  readonly read: readonly string[];
  /** Characters of the date, and the end. */
  readonly written: readonly string[];
  /** [written][read], 0 to 1. */
  readonly weights: readonly Float32Array[];
}

/** Reads `source` and writes `date` once more, keeping the attention. */
export async function crossAttention(
  { characters, state }: Learned,
  source: string,
  date: string,
): Promise<Attention> {
  const model = dateTransformer(characters.size);
  const values = (path: string): HostTensor<"float32"> => {
    const value = state.get(path);
    if (value === undefined) throw new Error(`the weights have no "${path}"`);
    return value;
  };
  const shown = new Map<string, Tensor>();
  const scope = Scope.root({ training: false, values }).recordingInto(shown);
  model.decode(scope, input("target", "int32", ["t", "b"]), model.encode(scope));
  const { source: read, target } = characters.pairs([[source, date]]);
  const { data } = await evaluate(meanOf(crossAttentionPaths.map((path) => found(shown, path))), {
    feeds: { source: read, target },
  });
  if (!(data instanceof Float32Array)) throw new Error("attention is float32");
  const [from, to] = [Array.from(source), [...Array.from(date), "end"]];
  const weights = to.map((_, t) => data.subarray(t * from.length, (t + 1) * from.length));
  return { read: from, written: to, weights };
}

/** Each shade is ten percentage points more, the last 50 % and above. */
const SHADES = " ·░▒▓█";

/** Lines of text: darker is more, and at the end of a line the character that was looked at most. */
export function attentionTable({ read, written, weights }: Attention): string[] {
  const left = Math.max(...written.map((character) => character.length));
  const heading = read.map((character) => (isWide(character) ? character : ` ${character}`)).join("");
  const lines = weights.map((row, t) => {
    const most = row.indexOf(Math.max(...row));
    const shades = Array.from(row, (weight) => shadeOf(weight).repeat(2)).join("");
    const share = `${Math.round(100 * row[most])}%`.padStart(4);
    return `${written[t].padStart(left)} │${shades}│${share} ${JSON.stringify(read[most])} (${most + 1})`;
  });
  return [`${" ".repeat(left)} │${heading}│ looks most at`, ...lines];
}

/** The mean of [heads, t, s] each, over heads and over all: [t, s]. One text, so b*heads is the heads. */
function meanOf(weights: readonly Tensor[]): Tensor {
  const total = weights.reduce((a, b) => add(a, b));
  const all = sum(total, [0]);
  return mul(reshape(all, all.shape.slice(1)), scalar(1 / (heads * weights.length)));
}

function found(shown: ReadonlyMap<string, Tensor>, path: string): Tensor {
  const tensor = shown.get(path);
  if (tensor === undefined) throw new Error(`the model shows no "${path}"`);
  return tensor;
}

function shadeOf(weight: number): string {
  return SHADES[Math.min(SHADES.length - 1, Math.floor(10 * weight))];
}

/** Whether a terminal gives the character two columns. */
function isWide(character: string): boolean {
  return /[\u2e80-\u9fff\uff00-\uff60]/.test(character);
}
