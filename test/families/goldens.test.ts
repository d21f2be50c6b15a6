/**
 * Logits, hidden states, loss and gradients of a small model of every family against Hugging Face transformers
 * (fixtures/model-families).
 */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { familyWeights, gradientProbes } from "../../fixtures/model-families/formula.ts";
import type { HostTensor } from "../../src/base/dtype.ts";
import { elementCount } from "../../src/base/shape.ts";
import type { ModelInputs } from "../../src/models/blocks/inputs.ts";
import { inputList } from "../../src/models/blocks/inputs.ts";
import { families, parseModelConfig } from "../../src/models/families.ts";
import { requireClassifier } from "../../src/models/family.ts";
import type { ParameterSpec } from "../../src/nn/index.ts";
import type { Dialect, Tensor } from "../../src/tensor/index.ts";
import { gradients, inputName } from "../../src/tensor/index.ts";
import { compute, numbers } from "../compute.ts";

interface Golden {
  readonly config: { readonly model_type: string };
  readonly inputs: Readonly<Record<string, readonly (readonly number[])[]>>;
  readonly targets: readonly number[];
  readonly parameters: Readonly<Record<string, readonly number[]>>;
  readonly logits: readonly (readonly number[])[];
  readonly hiddenStates: readonly number[];
  readonly loss: number;
  readonly gradients: Readonly<Record<string, readonly [norm: number, product: number]>>;
}

const folder = new URL("../../fixtures/model-families/", import.meta.url);
const cases = readdirSync(folder)
  .filter((name) => name.endsWith(".json"))
  .map((name) => ({
    name: name.slice(0, -5),
    golden: JSON.parse(readFileSync(new URL(name, folder), "utf8")) as Golden,
  }));

it("there is one for every family", () => {
  const types = new Set(cases.map(({ golden }) => golden.config.model_type));
  expect(types).toEqual(new Set(families.map(({ modelType }) => modelType)));
});

describe.each(cases)("$name", ({ golden }) => {
  const model = requireClassifier(parseModelConfig(golden.config, "config.json"), "config.json");

  it("has the parameters of transformers' class, and is fed what that is fed", () => {
    const { inputs, parameters } = model.trace({ idType: "int64" });
    expect(Object.fromEntries(parameters.map(({ name, shape }) => [name, shape]))).toEqual(golden.parameters);
    expect(inputList(inputs).map(inputName)).toEqual(Object.keys(golden.inputs));
  });

  it.each(["ort", "onnx"] as const)("gives its logits, in %s operators", async (dialect) => {
    const { inputs, logits, parameters } = model.trace({ idType: "int64" });
    const found = await run({ logits }, inputs, parameters, golden, dialect);
    expectNear(numbers(found.logits), golden.logits.flat(), 1e-4);
  });

  it("gives its hidden states at every token", async () => {
    const { inputs, hiddenStates, parameters } = model.encoder.traceEncoder({ idType: "int32" });
    const found = await run({ hiddenStates }, inputs, parameters, golden);
    const [t, b, h] = found.hiddenStates.shape;
    const states = numbers(found.hiddenStates);
    const mask = golden.inputs.attention_mask;
    for (let text = 0; text < b; text++) {
      for (let place = 0; place < t; place++) {
        if (mask[text][place] === 0) continue;
        const ours = states.subarray((place * b + text) * h, (place * b + text + 1) * h);
        expectNear(ours, golden.hiddenStates.slice((text * t + place) * h, (text * t + place + 1) * h), 1e-4);
      }
    }
  });

  it("gives its loss and the gradient of every parameter", async () => {
    const graph = model.encoder.withDropout(0).withHead(model.config).traceLoss();
    const specs = graph.parameters;
    const wanted = gradients(
      graph.loss,
      specs.map(({ tensor }) => tensor),
    );
    const outputs = Object.fromEntries(wanted.map((gradient, i) => [`d ${specs[i].name}`, gradient]));
    const b = golden.targets.length;
    const found = await run({ loss: graph.loss, ...outputs }, graph.inputs, specs, golden, "ort", [
      [graph.labels, { dtype: "int32", shape: [b], data: Int32Array.from(golden.targets) }],
      [graph.exampleWeights, { dtype: "float32", shape: [b], data: new Float32Array(b).fill(1 / b) }],
    ]);
    expect(Math.abs(numbers(found.loss)[0] - golden.loss)).toBeLessThan(1e-5);
    const largest = Math.max(...Object.values(golden.gradients).map(([norm]) => norm));
    const { padTokenId: padRow } = model.config;
    const wrong = specs.filter(({ name, shape }) => {
      const gradient = numbers(found[`d ${name}`]);
      // transformers never trains the padding token's row, which matters only where a text spells that token
      if (paddedTable.test(name)) gradient.fill(0, padRow * shape[1], (padRow + 1) * shape[1]);
      const [norm, product] = gradientProbes(name, gradient);
      const [wantedNorm, wantedProduct] = golden.gradients[name];
      // the true gradient of key biases is zero (softmax ignores a shift), so the tolerance is absolute as well
      const tolerance = 1e-4 * wantedNorm + 1e-6 * largest;
      return !(Math.abs(norm - wantedNorm) < tolerance && Math.abs(product - wantedProduct) < 3 * tolerance);
    });
    expect(wrong.map(({ name }) => name)).toEqual([]);
  });
});

/** Tables in which transformers marks the padding token's row. */
const paddedTable = /(?:word|tok)_embeddings\.weight$|^roberta\.embeddings\.position_embeddings\.weight$/;

/** The values of `outputs` on the golden batch with the golden weights. */
function run(
  outputs: Readonly<Record<string, Tensor>>,
  inputs: ModelInputs,
  parameters: readonly ParameterSpec[],
  golden: Golden,
  dialect: Dialect = "ort",
  more: readonly (readonly [Tensor, HostTensor])[] = [],
) {
  const ids = inputList(inputs).map((tensor): [Tensor, HostTensor] => {
    const rows = golden.inputs[inputName(tensor)];
    const shape = [rows.length, rows[0].length];
    return tensor.dtype === "int64"
      ? [tensor, { dtype: "int64", shape, data: BigInt64Array.from(rows.flat(), BigInt) }]
      : [tensor, { dtype: "int32", shape, data: Int32Array.from(rows.flat()) }];
  });
  const weights = parameters.map(({ name, shape, tensor }): [Tensor, HostTensor] => [
    tensor,
    { dtype: "float32", shape, data: familyWeights(name, elementCount(shape)) },
  ]);
  return compute(outputs, new Map([...ids, ...weights, ...more]), { dialect });
}

function expectNear(found: ArrayLike<number>, wanted: readonly number[], tolerance: number): void {
  expect(found.length).toBe(wanted.length);
  const worst = wanted.reduce((most, value, i) => Math.max(most, Math.abs(value - found[i])), 0);
  expect(worst).toBeLessThan(tolerance);
}
