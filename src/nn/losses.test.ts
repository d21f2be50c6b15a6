import { describe, expect, it } from "vitest";
import type { HostTensor } from "../base/dtype.ts";
import { Random } from "../base/random.ts";
import { compute, numbers } from "../../test/compute.ts";
import { grad, input } from "../tensor/index.ts";
import type { Tensor } from "../tensor/index.ts";
import { binaryCrossEntropy, crossEntropy } from "./losses.ts";

const [b, c] = [5, 3];
const logits = input("logits", "float32", ["b", c]);
const weights = input("weights", "float32", ["b"]);
const labels = input("labels", "int32", ["b"]);
const targets = input("targets", "float32", ["b", c]);

const random = new Random(1, "losses");
const uniform = (count: number) => Array.from({ length: count }, () => Math.fround(random.uniform() - 0.5));
const weightValues = [0.5, 0, 0.25, 0.125, 2];
const labelValues = [2, 0, 1, 1, 2];
const targetValues = Array.from({ length: b * c }, () => random.int(2));

function float32(shape: readonly number[], values: readonly number[]): HostTensor {
  return { dtype: "float32", shape, data: Float32Array.from(values) };
}

/** The loss and its gradient by the logits, over the run-time values of this file. */
async function run(loss: Tensor, z: readonly number[]) {
  const [{ dense }] = grad(loss, [logits]);
  const values = new Map<Tensor, HostTensor>([
    [logits, float32([b, c], z)],
    [weights, float32([b], weightValues)],
    [labels, { dtype: "int32", shape: [b], data: Int32Array.from(labelValues) }],
    [targets, float32([b, c], targetValues)],
  ]);
  const results = await compute({ loss, ...(dense === undefined ? {} : { gradient: dense }) }, values);
  expect(results.loss.shape).toEqual([1]);
  return { loss: numbers(results.loss)[0], gradient: [...numbers(results.gradient)] };
}

function expectClose(found: readonly number[], wanted: readonly number[]) {
  expect(found.length).toBe(wanted.length);
  found.forEach((value, i) =>
    expect(Math.abs(value - wanted[i])).toBeLessThan(1e-5 * Math.max(1, Math.abs(wanted[i]))),
  );
}

const extreme = [1e4, -1e4, 0, 0, 1e4, -1e4, -1e4, -1e4, -1e4, 1e4, 1e4, 0, -1e4, 0, 1e4];
const settings: readonly (readonly [string, readonly number[]])[] = [
  ["moderate", uniform(b * c).map((value) => 8 * value)],
  ["of ten thousand", extreme],
];

describe("crossEntropy", () => {
  const reference = (z: readonly number[]) => {
    const rows = labelValues.map((label, i) => {
      const row = z.slice(i * c, (i + 1) * c);
      const highest = Math.max(...row);
      const total = row.reduce((sum, value) => sum + Math.exp(value - highest), 0);
      return {
        loss: weightValues[i] * (highest + Math.log(total) - row[label]),
        gradient: row.map(
          (value, j) => weightValues[i] * (Math.exp(value - highest) / total - (j === label ? 1 : 0)),
        ),
      };
    });
    return {
      loss: rows.reduce((sum, row) => sum + row.loss, 0),
      gradient: rows.flatMap((row) => row.gradient),
    };
  };

  it.each(settings)("is the weighted sum of -log softmax, for logits %s", async (_, z) => {
    const found = await run(crossEntropy(logits, labels, { exampleWeights: weights }), z);
    const wanted = reference(z);
    expectClose([found.loss], [wanted.loss]);
    expectClose(found.gradient, wanted.gradient);
  });

  it("takes -Infinity for a class that cannot be, as PyTorch does", async () => {
    const z = settings[0][1].slice();
    for (const impossible of [1, 4, 5, 11, 12]) z[impossible] = Number.NEGATIVE_INFINITY;
    const found = await run(crossEntropy(logits, labels, { exampleWeights: weights }), z);
    const wanted = reference(z);
    expectClose([found.loss], [wanted.loss]);
    expectClose(found.gradient, wanted.gradient);
    const byClass = await run(
      crossEntropy(logits, labels, { exampleWeights: weights, classWeights: [1, 1, 1] }),
      z,
    );
    expect(byClass).toEqual(found);
  });

  it.each([0, 0.1])("lets nothing of an ignored example through, smoothing %f", async (labelSmoothing) => {
    const clean = settings[0][1];
    const dirty = clean.slice();
    [6, 7, 8, 9].forEach((place, i) => (dirty[place] = [Number.NaN, 1, Infinity, -Infinity][i]));
    const loss = crossEntropy(logits, labels, { ignoreIndex: 1, labelSmoothing });
    const found = await run(loss, dirty);
    expect(found).toEqual(await run(loss, clean));
    expect(found.gradient.slice(6, 12)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(found.gradient.slice(0, 3)).not.toEqual([0, 0, 0]);
  });

  it("refuses labels that are no class numbers", () => {
    expect(() => crossEntropy(logits, targets, { exampleWeights: weights })).toThrow(
      "ERR_SHAPE: crossEntropy: labels must be int32 or int64 [b] where logits are [b, 3]; float32[b, 3]",
    );
  });
});

describe("binaryCrossEntropy", () => {
  const reference = (z: readonly number[]) => {
    const terms = z.map((value, i) => {
      const weight = weightValues[Math.floor(i / c)] / c;
      const softplus = Math.max(value, 0) + Math.log1p(Math.exp(-Math.abs(value)));
      return {
        loss: weight * (softplus - value * targetValues[i]),
        gradient: weight * (1 / (1 + Math.exp(-value)) - targetValues[i]),
      };
    });
    return {
      loss: terms.reduce((sum, term) => sum + term.loss, 0),
      gradient: terms.map((term) => term.gradient),
    };
  };

  it.each(settings)("averages over labels and weighs examples, for logits %s", async (_, z) => {
    const found = await run(binaryCrossEntropy(logits, targets, { exampleWeights: weights }), z);
    const wanted = reference(z);
    expectClose([found.loss], [wanted.loss]);
    expectClose(found.gradient, wanted.gradient);
  });
});

it.each([
  ["rank 1", input("z", "float32", [3])],
  ["a named number of classes", input("z", "float32", ["b", "c"])],
])("logits of %s are refused", (_, z) => {
  const message = /ERR_SHAPE: loss: logits must be \[\.\.\., classes\]; float32\[.*\]; check the head/;
  expect(() => crossEntropy(z, labels)).toThrow(message);
  expect(() => binaryCrossEntropy(z, targets)).toThrow(message);
});
