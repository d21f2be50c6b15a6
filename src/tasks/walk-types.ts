/**
 * What a walk through a layer is asked and gives, as plain data.
 *
 * Legend: t tokens (queries, and keys: s), h width, d size of a head, f width inside the feed-forward.
 */
import type { LoadOptions, Receipt } from "./types.ts";

/** Name of each step, in the order of computation: where the model records it under the layer's path, and its dimensions. */
export const STEPS = {
  input: ["input", "t", "h"],
  q: ["attention.self.q", "t", "heads", "d"],
  k: ["attention.self.k", "s", "heads", "d"],
  v: ["attention.self.v", "s", "heads", "d"],
  /** Q K^T / sqrt(d) */
  scores: ["attention.self.scores", "heads", "t", "s"],
  /** Added to the scores: 0, or the lowest float where a key is padding. */
  mask: ["attention.self.mask", "heads", "1", "s"],
  /** softmax(scores + mask): rows of sum 1. */
  weights: ["attention.self.weights", "heads", "t", "s"],
  /** The weighted sums of V, heads side by side. */
  context: ["attention.self.context", "t", "h"],
  attentionOutput: ["attention.output.dense.output", "t", "h"],
  /** Attention's output plus the layer's input. */
  attentionNormBefore: ["attention.output.LayerNorm.before", "t", "h"],
  attentionNormAfter: ["attention.output.LayerNorm.after", "t", "h"],
  /** After GELU. */
  intermediate: ["intermediate.output", "t", "f"],
  feedForwardOutput: ["output.dense.output", "t", "h"],
  /** The feed-forward's output plus what it read. */
  outputNormBefore: ["output.LayerNorm.before", "t", "h"],
  /** What the layer gives. */
  output: ["output.LayerNorm.after", "t", "h"],
} as const satisfies Readonly<Record<string, readonly [path: string, ...dims: string[]]>>;

export type WalkStepName = keyof typeof STEPS;

export interface WalkStep {
  /** Where the model records it: "bert.encoder.layer.0.attention.self.q". */
  readonly path: string;
  /** What each axis counts: ["t", "heads", "d"]. */
  readonly dims: readonly string[];
  readonly shape: readonly number[];
  /** Row-major. */
  readonly values: Float32Array;
}

export interface WalkToken {
  readonly token: string;
  readonly id: number;
  /** 0 for the first text, 1 for the second. */
  readonly type: number;
  readonly padding: boolean;
}

export interface WalkOptions extends LoadOptions {
  /** Counted from 0, as in the parameters' paths. */
  readonly layer: number;
  readonly text: string;
  readonly textPair?: string;
  /** Fill up with padding to so many tokens, to see the mask at work. Default: no padding. */
  readonly padTo?: number;
  /** Only this head, counted from 0: steps by heads lose that axis. Default: all. */
  readonly head?: number;
}

export interface LayerWalk {
  readonly path: string;
  readonly layer: number;
  /** How many the model has. */
  readonly layers: number;
  /** The layer's path in the model. */
  readonly scope: string;
  readonly heads: number;
  /** The only one in the steps, where one was asked for. */
  readonly head?: number;
  /** d */
  readonly headSize: number;
  /** h = heads * d */
  readonly hiddenSize: number;
  /** The epsilon of the layer's norms. */
  readonly layerNormEps: number;
  readonly tokens: readonly WalkToken[];
  readonly receipt: Receipt;
  readonly device: string;
  readonly steps: Readonly<Record<WalkStepName, WalkStep>>;
  /** What the whole model gives for the text, before softmax or sigmoid; absent where there is no classifier. */
  readonly logits?: readonly LabelLogit[];
}

export interface LabelLogit {
  readonly label: string;
  readonly logit: number;
}
