import { describe, expect, it } from "vitest";
import { MultiHeadAttention, TransformerDecoderLayer } from "./modules.ts";

const names = (module: { readonly parameters: readonly { readonly name: string }[] }) =>
  module.parameters.map(({ name }) => name);

describe("parameters stand in PyTorch's order", () => {
  it("packed, where all three inputs are equally wide", () => {
    expect(names(new MultiHeadAttention({ embedDim: 6, numHeads: 2 }))).toEqual([
      "in_proj_weight",
      "in_proj_bias",
      "out_proj.weight",
      "out_proj.bias",
    ]);
  });

  it("one matrix each, where they are not", () => {
    expect(names(new MultiHeadAttention({ embedDim: 6, numHeads: 2, kDim: 5, vDim: 7 }))).toEqual([
      "q_proj_weight",
      "k_proj_weight",
      "v_proj_weight",
      "in_proj_bias",
      "out_proj.weight",
      "out_proj.bias",
    ]);
  });

  it("without biases", () => {
    expect(names(new MultiHeadAttention({ embedDim: 6, numHeads: 2, bias: false }))).toEqual([
      "in_proj_weight",
      "out_proj.weight",
    ]);
  });

  it("in a decoder layer", () => {
    const found = names(new TransformerDecoderLayer({ dModel: 6, nHead: 2 }));
    expect(found.slice(0, 2)).toEqual(["self_attn.in_proj_weight", "self_attn.in_proj_bias"]);
    expect(found).toHaveLength(18);
  });
});
