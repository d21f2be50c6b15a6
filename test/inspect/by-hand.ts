/**
 * BERT in plain loops over the weights, in float64: what a walk's numbers must be.
 *
 * Written from the papers alone (Vaswani et al. 2017, section 3; Devlin et al. 2019, section 3), one sentence at a time,
 * rows of numbers for matrices; shares no code with src/.
 */
import type { SequenceClassificationConfig } from "../../src/models/bert/config.ts";
import type { NamedTensor } from "../../src/models/checkpoint/index.ts";

export type Matrix = number[][];

export interface TokenByHand {
  readonly id: number;
  readonly type: number;
  readonly padding: boolean;
}

/** The steps of each layer, by the walk's names, as flat rows, and the logits. */
export interface ByHand {
  readonly layers: readonly Readonly<Record<string, readonly number[]>>[];
  readonly logits: readonly number[];
}

const LOWEST = -3.4028234663852886e38;

export function bertByHand(
  tokens: readonly TokenByHand[],
  config: SequenceClassificationConfig,
  tensors: readonly NamedTensor[],
): ByHand {
  const named = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const vector = (name: string): number[] =>
    Array.from<number | bigint, number>(named.get(name)?.data ?? [], Number);
  const matrix = (name: string): Matrix => {
    const [rows, columns] = named.get(name)?.shape ?? [0, 0];
    const all = vector(name);
    return Array.from({ length: rows }, (_, i) => all.slice(i * columns, (i + 1) * columns));
  };
  const linear = (x: Matrix, path: string): Matrix => {
    const [w, b] = [matrix(`${path}.weight`), vector(`${path}.bias`)];
    return x.map((row) => w.map((weights, i) => dot(row, weights) + b[i]));
  };
  const norm = (x: Matrix, path: string): Matrix => {
    const [weight, bias] = [vector(`${path}.weight`), vector(`${path}.bias`)];
    return x.map((row) => {
      const mean = sum(row) / row.length;
      const variance = sum(row.map((value) => (value - mean) ** 2)) / row.length;
      return row.map(
        (value, i) => ((value - mean) / Math.sqrt(variance + config.layerNormEps)) * weight[i] + bias[i],
      );
    });
  };
  const table = (name: string) => matrix(`bert.embeddings.${name}_embeddings.weight`);
  const [words, positions, types] = [table("word"), table("position"), table("token_type")];
  let x = norm(
    tokens.map(({ id, type }, place) => plus(plus(words[id], positions[place]), types[type])),
    "bert.embeddings.LayerNorm",
  );
  const layers: Record<string, readonly number[]>[] = [];
  for (let layer = 0; layer < config.numHiddenLayers; layer++) {
    const path = `bert.encoder.layer.${layer}`;
    const [q, k, v] = ["query", "key", "value"].map((name) => linear(x, `${path}.attention.self.${name}`));
    const mask = tokens.map(({ padding }) => (padding ? LOWEST : 0));
    const heads = [...Array(config.numAttentionHeads).keys()].map((head) => {
      const d = config.hiddenSize / config.numAttentionHeads;
      const part = (row: readonly number[]) => row.slice(head * d, (head + 1) * d);
      const scores = q.map((query) => k.map((key) => dot(part(query), part(key)) / Math.sqrt(d)));
      const weights = scores.map((row) => softmax(plus(row, mask)));
      const columns = part(v[0]).map((_, i) => v.map((value) => part(value)[i]));
      const context = weights.map((row) => columns.map((column) => dot(row, column)));
      return { scores, weights, context };
    });
    const context = tokens.map((_, i) => heads.flatMap((head) => head.context[i]));
    const attention = linear(context, `${path}.attention.output.dense`);
    const residual1 = attention.map((row, i) => plus(row, x[i]));
    const norm1 = norm(residual1, `${path}.attention.output.LayerNorm`);
    const inner = linear(norm1, `${path}.intermediate.dense`).map((row) => row.map(gelu));
    const feedForward = linear(inner, `${path}.output.dense`);
    const residual2 = feedForward.map((row, i) => plus(row, norm1[i]));
    const output = norm(residual2, `${path}.output.LayerNorm`);
    layers.push({
      input: x.flat(),
      q: q.flat(),
      k: k.flat(),
      v: v.flat(),
      scores: heads.flatMap(({ scores }) => scores.flat()),
      mask: heads.flatMap(() => mask),
      weights: heads.flatMap(({ weights }) => weights.flat()),
      context: context.flat(),
      attentionOutput: attention.flat(),
      attentionNormBefore: residual1.flat(),
      attentionNormAfter: norm1.flat(),
      intermediate: inner.flat(),
      feedForwardOutput: feedForward.flat(),
      outputNormBefore: residual2.flat(),
      output: output.flat(),
    });
    x = output;
  }
  const [pooled] = linear([x[0]], "bert.pooler.dense").map((row) => row.map(Math.tanh));
  const [logits] = linear([pooled], "classifier");
  return { layers, logits };
}

function dot(a: readonly number[], b: readonly number[]): number {
  return sum(a.map((value, i) => value * b[i]));
}

function plus(a: readonly number[], b: readonly number[]): number[] {
  return a.map((value, i) => value + b[i]);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function softmax(row: readonly number[]): number[] {
  const highest = Math.max(...row);
  const powers = row.map((value) => Math.exp(value - highest));
  return powers.map((power) => power / sum(powers));
}

/** x Phi(x); erf by its Taylor series, which is enough below |x| = 5. */
function gelu(x: number): number {
  const z = x / Math.SQRT2;
  let [term, total] = [z, z];
  for (let n = 1; n < 80; n++) {
    term *= (-z * z) / n;
    total += term / (2 * n + 1);
  }
  return (x * (1 + (2 / Math.sqrt(Math.PI)) * total)) / 2;
}
