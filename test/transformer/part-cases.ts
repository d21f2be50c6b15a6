/** Builds the cases of parts.json out of attune's smaller layers. */
import type {
  Activation,
  HostTensor,
  MultiHeadAttentionOptions,
  RelativeBiasOptions,
  Tensor,
} from "../../src/entry/nn.ts";
import {
  add,
  crossEntropy,
  Dropout,
  Embedding,
  embeddingTable,
  feedForward,
  gatherRows,
  LayerNorm,
  LearnedPositions,
  learnedPositions,
  Linear,
  MultiHeadAttention,
  multiHeadAttention,
  multiHeadAttentionOptions,
  project,
  RMSNorm,
  relativeBias,
  reshape,
  rotary,
  Scope,
  SinusoidalPositions,
  sinusoidalPositions,
  tanh,
} from "../../src/entry/nn.ts";
import type { GoldenCase } from "./golden.ts";
import { Goldens } from "./golden.ts";
import type { BuiltCase, Entrance } from "./run-case.ts";
import { goldenState, withGoldenState } from "./run-case.ts";

/** What each kind of case says beside its shapes. */
type Part =
  | { part: "Linear"; options: { inFeatures: number; outFeatures: number; bias: boolean } }
  | { part: "feedForward"; options: { activation: Activation; bias: boolean } }
  | { part: "LayerNorm" | "RMSNorm"; options: { eps: number } }
  | { part: "Dropout"; options: { p: number } }
  | { part: "LearnedPositions" | "SinusoidalPositions" }
  | { part: "Embedding"; ids: string }
  | { part: "tied"; ids: string; labels: string }
  | { part: "rotary"; options: MultiHeadAttentionOptions }
  | { part: "places"; places: string }
  | { part: "relativeBias"; options: RelativeBiasOptions };

export type PartCase = GoldenCase & Part;

interface Tables {
  readonly sinusoids: readonly { d: number; length: number; table: string }[];
  readonly buckets: readonly {
    bidirectional: boolean;
    numBuckets: number;
    maxDistance: number;
    buckets: string;
  }[];
}

export const partGoldens = new Goldens<PartCase, Tables>("parts");

const [D, EVEN, WIDE, ROWS] = [14, 12, 13, 23];

export function buildPart(golden: PartCase, entrance: Entrance): BuiltCase {
  const state = partGoldens.state(golden);
  const inputs = entrance.inputs(golden.inputs);
  const { x } = inputs;
  const given = (name: string, key: string) => entrance.take(name, partGoldens.given(key));
  switch (golden.part) {
    case "Linear": {
      const module = withGoldenState(new Linear(golden.options), state);
      return { outputs: { output: module(x) }, inputs, parameters: module.parameters };
    }
    case "LayerNorm":
    case "RMSNorm": {
      const options = { normalizedShape: D, ...golden.options };
      const module = withGoldenState(
        golden.part === "LayerNorm" ? new LayerNorm(options) : new RMSNorm(options),
        state,
      );
      return { outputs: { output: module(x) }, inputs, parameters: module.parameters };
    }
    case "Dropout": {
      const { output, dropouts } = new Dropout(golden.options).trace([x], { training: true });
      entrance.masks(dropouts);
      return { outputs: { output }, inputs };
    }
    case "SinusoidalPositions":
      return { outputs: { output: new SinusoidalPositions({ d: D })(x) }, inputs };
    case "LearnedPositions": {
      const module = withGoldenState(new LearnedPositions({ d: D, maxLength: ROWS }), state);
      return { outputs: { output: module(x) }, inputs, parameters: module.parameters };
    }
    case "Embedding": {
      const module = withGoldenState(new Embedding({ numEmbeddings: ROWS, embeddingDim: D }), state);
      return { outputs: { output: module(given("ids", golden.ids)) }, parameters: module.parameters };
    }
    case "rotary": {
      const module = withGoldenState(new MultiHeadAttention(golden.options), state);
      const { output, weights } = module(inputs.query, inputs.key, inputs.key, { needWeights: true });
      const outputs = { output, mean: known(weights) };
      return { outputs, inputs, parameters: module.parameters };
    }
    case "feedForward": {
      const options = { dimFeedforward: WIDE, dropout: 0, matrices: "kaiming", ...golden.options } as const;
      return inScope(golden, (scope) => ({ outputs: { output: feedForward(scope, x, options) }, inputs }));
    }
    case "tied": {
      const [ids, labels] = [given("ids", golden.ids), given("labels", golden.labels)];
      return inScope(golden, (scope) => tied(scope, ids, labels));
    }
    case "places": {
      const positions = given("places", golden.places);
      return inScope(golden, (scope) => ({ outputs: atPlaces(scope, x, positions), inputs }));
    }
    case "relativeBias":
      return inScope(golden, (scope) => biased(scope, golden.options, inputs));
  }
}

/** A case of layer functions: builds it under a scope whose parameters have the values of the formula. */
function inScope(golden: PartCase, build: (scope: Scope) => BuiltCase): BuiltCase {
  const values = new Map<string, HostTensor<"float32">>();
  const scope = Scope.root({ training: false, values: (name) => known(values.get(name)) });
  const built = build(scope);
  for (const [name, value] of goldenState(scope.parameters, partGoldens.state(golden)))
    values.set(name, value);
  return { ...built, parameters: scope.parameters };
}

/** One table reads the words and writes the logits. */
function tied(scope: Scope, ids: Tensor, labels: Tensor): BuiltCase {
  const table = embeddingTable(scope, { numEmbeddings: ROWS, embeddingDim: D });
  const bias = scope.parameter("bias", [ROWS], { init: { kind: "zeros" }, decay: false });
  const logits = project(tanh(gatherRows(table, ids)), table, bias);
  const loss = crossEntropy(logits, labels);
  return { outputs: { logits, loss }, loss };
}

function atPlaces(scope: Scope, x: Tensor, positions: Tensor) {
  const [t] = x.shape;
  return {
    rotary: rotary(x, { numHeads: 2, positions }),
    learned: learnedPositions(scope, t, { maxLength: ROWS, d: D, positions }),
    sinusoids: add(x, reshape(sinusoidalPositions(t, EVEN, { positions }), [t, 1, EVEN])),
  };
}

function biased(
  scope: Scope,
  options: RelativeBiasOptions,
  inputs: Readonly<Record<string, Tensor>>,
): BuiltCase {
  const { query, key } = inputs;
  const sizes = { t: query.shape[0], s: key.shape[0] };
  const bias = relativeBias(scope.at("relative"), sizes, options);
  const attention = multiHeadAttentionOptions({ embedDim: D, numHeads: options.numHeads });
  const call = { positionBias: bias, needWeights: true };
  const { output, weights } = multiHeadAttention(scope.at("attention"), attention, query, key, key, call);
  return { outputs: { output, mean: known(weights), bias }, inputs };
}

function known<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("nothing there");
  return value;
}
