import { describe, expect, it } from "vitest";
import { compute, numbers } from "../../../test/compute.ts";
import type { HostTensor } from "../../base/dtype.ts";
import { Random } from "../../base/random.ts";
import { elementCount } from "../../base/shape.ts";
import { crossEntropy, initialize, linear, Scope } from "../../nn/index.ts";
import type { Tensor } from "../../tensor/index.ts";
import { grad, input } from "../../tensor/index.ts";
import type { BackboneOptions } from "./backbone.ts";
import { bertBackbone, bertInputs } from "./backbone.ts";
import type { BertConfig } from "./config.ts";
import { bertDefaults } from "./config.ts";

// weights ten times as large as published, so that attention is far from uniform
const config: BertConfig = {
  ...bertDefaults,
  vocabSize: 31,
  hiddenSize: 14,
  numHiddenLayers: 3,
  numAttentionHeads: 2,
  intermediateSize: 22,
  maxPositionEmbeddings: 13,
  initializerRange: 0.2,
  hiddenDropoutProb: 0,
  attentionProbsDropoutProb: 0,
};
const inputs = bertInputs("int32");

/** A small classifier over the backbone, with its loss. */
function trace(lastLayer: BackboneOptions["lastLayer"]) {
  const root = Scope.root({ training: true });
  const { hiddenStates, pooled } = bertBackbone(root.at("bert"), inputs, config, { lastLayer });
  const init = { kind: "truncatedNormal", std: 0.2 } as const;
  const logits = linear(root.at("classifier"), pooled, { outFeatures: 3, init });
  const labels = input("labels", "int32", ["b"]);
  const weights = input("weights", "float32", ["b"]);
  return {
    root,
    hiddenStates,
    logits,
    labels,
    weights,
    loss: crossEntropy(logits, labels, { exampleWeights: weights }),
  };
}

function int32(shape: readonly number[], data: ArrayLike<number>): HostTensor {
  return { dtype: "int32", shape, data: Int32Array.from(data) };
}

const [b, t] = [3, 7];
const lengths = [7, 2, 5];
const batch = {
  ids: draw("ids", 1, config.vocabSize, b * t),
  types: draw("types", 0, 2, b * t),
  mask: lengths.flatMap((length) => Array.from({ length: t }, (_, place) => (place < length ? 1 : 0))),
};

function draw(name: string, low: number, high: number, count: number): number[] {
  const random = new Random(1, name);
  return Array.from({ length: count }, () => low + random.int(high - low));
}

function values(graph: ReturnType<typeof trace>): Map<Tensor, HostTensor> {
  const parameters = graph.root.parameters.map(({ name, init, shape, tensor }): [Tensor, HostTensor] => {
    const data = new Float32Array(elementCount(shape));
    initialize({ name, init }, 1, data);
    return [tensor, { dtype: "float32", shape, data }];
  });
  return new Map<Tensor, HostTensor>([
    [inputs.inputIds, int32([b, t], batch.ids)],
    [inputs.attentionMask, int32([b, t], batch.mask)],
    [inputs.tokenTypeIds, int32([b, t], batch.types)],
    [graph.labels, int32([b], [2, 0, 1])],
    [graph.weights, { dtype: "float32", shape: [b], data: new Float32Array(b).fill(1 / b) }],
    ...parameters,
  ]);
}

/** Loss, logits and every gradient (rows as they leave the graph) by name. */
async function step(lastLayer: BackboneOptions["lastLayer"]) {
  const graph = trace(lastLayer);
  const { parameters } = graph.root;
  const gradients = grad(
    graph.loss,
    parameters.map(({ tensor }) => tensor),
  );
  const outputs = gradients.flatMap(({ dense, rows }, i): [string, Tensor][] => [
    ...(dense === undefined ? [] : [[`dense ${parameters[i].name}`, dense] as [string, Tensor]]),
    ...rows.map((part, j): [string, Tensor] => [`rows ${parameters[i].name} ${j}`, part.rows]),
  ]);
  return compute({ loss: graph.loss, logits: graph.logits, ...Object.fromEntries(outputs) }, values(graph));
}

describe("the last layer for [CLS] alone", () => {
  it("gives the same loss, logits and gradients as the whole layer", async () => {
    const [cls, all] = [await step("cls"), await step("all")];
    expect(Object.keys(cls)).toEqual(Object.keys(all));
    expect(Object.keys(cls)).toHaveLength(2 + 5 + 3 * 16 + 2 + 2);
    const tooFar: string[] = [];
    for (const [name, { shape, data }] of Object.entries(all)) {
      expect(cls[name].shape).toEqual(shape);
      const scale = Math.max(1e-3, ...numbers({ dtype: "float32", shape, data }).map(Math.abs));
      const found = numbers(cls[name]);
      const errors = [...numbers(all[name])].map((value, i) => Math.abs(value - found[i]));
      if (!(Math.max(...errors) < 1e-5 * scale)) tooFar.push(name);
    }
    expect(tooFar).toEqual([]);
  });

  it("returns that row only", () => {
    expect(trace("cls").hiddenStates.shape).toEqual([1, "b", 14]);
    expect(trace("all").hiddenStates.shape).toEqual(["t", "b", 14]);
  });
});

describe("padding", () => {
  it("of any length and content leaves every real position as it was", async () => {
    const graph = trace("all");
    const before = await compute({ hidden: graph.hiddenStates }, values(graph));
    const wider = 11;
    const widen = (rows: readonly number[], padding: (i: number) => number) =>
      Array.from({ length: b * wider }, (_, i) => {
        const [example, place] = [Math.floor(i / wider), i % wider];
        return place < lengths[example] ? rows[example * t + place] : padding(i);
      });
    const feeds = values(graph);
    feeds.set(
      inputs.inputIds,
      int32(
        [b, wider],
        widen(batch.ids, (i) => i % config.vocabSize),
      ),
    );
    feeds.set(
      inputs.tokenTypeIds,
      int32(
        [b, wider],
        widen(batch.types, (i) => i % 2),
      ),
    );
    feeds.set(
      inputs.attentionMask,
      int32(
        [b, wider],
        widen(batch.mask, () => 0),
      ),
    );
    const after = await compute({ hidden: graph.hiddenStates }, feeds);
    expect(after.hidden.shape).toEqual([wider, b, 14]);
    const real = (hidden: HostTensor) =>
      lengths.flatMap((length, example) =>
        Array.from({ length }, (_, place) => {
          const start = (place * b + example) * 14;
          return [...numbers(hidden).subarray(start, start + 14)];
        }).flat(),
      );
    const [found, wanted] = [real(after.hidden), real(before.hidden)];
    expect(wanted).toHaveLength((7 + 2 + 5) * 14);
    expect(Math.max(...wanted.map((value, i) => Math.abs(value - found[i])))).toBeLessThan(1e-5);
  });
});
