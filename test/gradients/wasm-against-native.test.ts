/**
 * One training step of BERT-tiny on the two runtimes: the same loss, logits and gradients.
 */
import { expect, it } from "vitest";
import { bertClassifierLoss } from "../../src/models/bert/sequence-classification.ts";
import { encodeModel } from "../../src/onnx/index.ts";
import type { Backend, Tensors } from "../../src/runtime/index.ts";
import { buildGradientGraph } from "../../src/engine/index.ts";
import { classifierLossGraph } from "../../src/train/classifier-engine.ts";
import { numbers } from "../compute.ts";
import { backendOrSkip } from "../runtimes.ts";
import { config, goldenFeeds } from "./golden.ts";

const shape = config("single_label_classification", 0.1);
const graph = bertClassifierLoss(shape);
const model = encodeModel(buildGradientGraph(classifierLossGraph(graph)).model);

async function step(backend: Backend): Promise<Tensors> {
  const session = await backend.createSession(model);
  const results = await session.run(goldenFeeds(graph, shape));
  await session.dispose();
  return results;
}

it("WASM gives the loss, logits and gradients of the native runtime", async (context) => {
  const native = await step(await backendOrSkip(context, "native"));
  const wasm = await step(await backendOrSkip(context, "wasm"));
  expect(Object.keys(wasm)).toEqual(Object.keys(native));
  expect(Object.keys(native).length).toBeGreaterThan(40);
  const tooFar: string[] = [];
  for (const [name, tensor] of Object.entries(native)) {
    expect(wasm[name].shape).toEqual(tensor.shape);
    const [found, wanted] = [numbers(wasm[name]), [...numbers(tensor)]];
    const worst = Math.max(...wanted.map((value, i) => Math.abs(value - found[i])));
    // the true gradient of key biases is zero: what is there is rounding
    const scale = name.endsWith("key.bias") ? 0.01 : Math.max(...wanted.map(Math.abs));
    if (!(worst <= 1e-5 * scale)) tooFar.push(`${name}: ${worst} of ${scale}`);
  }
  expect(tooFar).toEqual([]);
});
