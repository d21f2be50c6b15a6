import { expect, test } from "vitest";
import { emitModel } from "../../tensor/index.ts";
import { bertDefaults } from "./config.ts";
import { bertMaskedLogits } from "./masked-lm.ts";

/** How often each operator stands in the graph of the logits. */
function operators(hiddenAct: "gelu" | "relu"): ReadonlyMap<string, number> {
  const sizes = {
    vocabSize: 29,
    hiddenSize: 10,
    numHiddenLayers: 3,
    numAttentionHeads: 2,
    intermediateSize: 13,
  };
  const { inputs, outputs } = bertMaskedLogits({ ...bertDefaults, ...sizes, hiddenAct }, "none");
  const { graph } = emitModel({ name: "m", inputs, outputs, parameters: "inputs", dialect: "ort" });
  const counts = new Map<string, number>();
  for (const { opType } of graph.nodes) counts.set(opType, (counts.get(opType) ?? 0) + 1);
  return counts;
}

// transformers' BertPredictionHeadTransform takes config.hidden_act, as the layers do
test("the masked-word head has the layers' activation", () => {
  expect([operators("relu").get("Relu"), operators("relu").get("Gelu")]).toEqual([3 + 1, undefined]);
  expect([operators("gelu").get("Relu"), operators("gelu").get("Gelu")]).toEqual([undefined, 3 + 1]);
});
