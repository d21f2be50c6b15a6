import { describe, expect, it } from "vitest";
import type { HostTensor } from "../base/dtype.ts";
import { input, randn } from "../tensor/index.ts";
import {
  LayerNorm,
  Linear,
  RMSNorm,
  Transformer,
  TransformerEncoder,
  TransformerEncoderLayer,
} from "./modules.ts";
import { Scope } from "./scope.ts";

const options = { inFeatures: 2, outFeatures: 3 };

function float32(shape: readonly number[], ...values: number[]): HostTensor<"float32"> {
  return { dtype: "float32", shape, data: Float32Array.from(values) };
}

describe("a module", () => {
  it("fills in defaults", () => {
    const { nHead, dimFeedforward, dropout, activation } = new TransformerEncoderLayer({
      dModel: 8,
      nHead: 2,
    }).options;
    expect({ nHead, dimFeedforward, dropout, activation }).toEqual({
      ...{ nHead: 2, dimFeedforward: 2048, dropout: 0.1, activation: "relu" },
    });
  });

  it("starts from its seed and the paths of its parameters alone", () => {
    const state = (seed?: number) =>
      new Linear({ ...options, ...(seed === undefined ? {} : { seed }) }).state();
    expect(state(1)).toEqual(state(1));
    expect(state()).toEqual(state(0));
    expect(state(1)).not.toEqual(state(2));
    const encoder = new TransformerEncoder(
      new TransformerEncoderLayer({ dModel: 4, nHead: 2, dimFeedforward: 3 }),
      {
        numLayers: 2,
      },
    ).state();
    expect(encoder.get("layers.0.linear1.weight")).not.toEqual(encoder.get("layers.1.linear1.weight"));
  });

  it("of layers starts from the layer's seed unless it has its own", () => {
    const layer = new TransformerEncoderLayer({ dModel: 4, nHead: 2, dimFeedforward: 3, seed: 5 });
    const stack = (seed?: number) =>
      new TransformerEncoder(layer, { numLayers: 1, ...(seed === undefined ? {} : { seed }) });
    expect(stack().state()).toEqual(stack(5).state());
    expect(stack().state()).not.toEqual(stack(0).state());
    expect(stack(0).options.seed).toBe(0);
  });

  it("of PyTorch's defaults adds to the mean square what a float32 of 1 can tell apart", () => {
    expect(new RMSNorm({ normalizedShape: 3 }).options.eps).toBe(2 ** -23);
    expect(new LayerNorm({ normalizedShape: 3 }).options.eps).toBe(1e-5);
  });

  it("takes an option that is undefined for one that is not given", () => {
    const small = { dModel: 4, nHead: 2, dimFeedforward: 3, numEncoderLayers: 1, numDecoderLayers: 1 };
    const undefinedOne: object = { matrices: undefined };
    expect(new Transformer({ ...small, ...undefinedOne }).state()).toEqual(new Transformer(small).state());
  });

  it("takes a state and gives it back, in order of declaration", () => {
    const layer = new Linear(options);
    const state = new Map([
      ["bias", float32([3], 7, 8, 9)],
      ["weight", float32([3, 2], 1, 2, 3, 4, 5, 6)],
    ]);
    layer.load(state);
    expect([...layer.state()]).toEqual([...state].reverse());
  });

  it("is part of a larger model under its scope, with that model's parameters", () => {
    const scope = Scope.root({ training: false });
    new Linear(options).build(scope.at("head"), input("x", "float32", ["n", 2]));
    expect(scope.parameters.map(({ name }) => name)).toEqual(["head.weight", "head.bias"]);
  });

  it("shows the steps of a call, and where dropout acts in training", () => {
    const layer = new TransformerEncoderLayer({ dModel: 4, nHead: 2, dimFeedforward: 3 });
    const { output, steps, dropouts } = layer.trace([randn([5, 4])]);
    expect(steps.get("norm2.after")?.shape).toEqual([5, 1, 4]);
    expect(steps.get("self_attn.weights")?.shape).toEqual([2, 5, 5]);
    expect(output.shape).toEqual([5, 4]);
    expect(dropouts).toEqual([]);
    const training = layer.trace([randn([5, 4])], { training: true });
    expect(training.dropouts.map(({ name }) => name)).toEqual([
      ...["self_attn.dropout", "dropout1", "dropout", "dropout2"],
    ]);
  });

  it("has an example of its inputs, with named dimensions", () => {
    expect(new Linear(options).example().output.shape).toEqual(["n", 3]);
  });
});

describe("a state that does not fit", () => {
  const weight = float32([3, 2], 1, 2, 3, 4, 5, 6);
  const bias = float32([3], 7, 8, 9);
  const rule = "ERR_STATE: Linear takes a value for each of its 2 parameters, of its shape, and no others";

  it.each<[string, Record<string, HostTensor<"float32">>]>([
    ["bias is missing", { weight }],
    ["weight is float32[2, 3], not float32[3, 2]", { weight: float32([2, 3], 1, 2, 3, 4, 5, 6), bias }],
    ["bias has 2 values, not 3", { weight, bias: float32([3], 7, 8) }],
    [
      "bias is int32[3], not float32[3]",
      { weight, bias: Object.assign(float32([3], 7, 8, 9), { dtype: "int32" }) },
    ],
    ["scale is unexpected", { weight, bias, scale: bias }],
    ["weight is missing; bias is missing; w is unexpected", { w: weight }],
  ])("%s: nothing of it is taken", (found, state) => {
    const layer = new Linear(options);
    const before = structuredClone(layer.state());
    expect(() => layer.load(new Map(Object.entries(state)))).toThrow(
      `${rule}; ${found}; load the state of a module with the same options`,
    );
    expect(layer.state()).toEqual(before);
  });

  it("names five faults at most", () => {
    const layer = new TransformerEncoderLayer({ dModel: 4, nHead: 2, dimFeedforward: 3 });
    expect(() => layer.load(new Map())).toThrow(
      /out_proj\.bias is missing; norm1\.weight is missing; and 7 more;/,
    );
  });
});
