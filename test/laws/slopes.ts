/**
 * Slopes of a loss along random directions v of its parameters, against g.v, where g is what the training graph gives.
 *
 *     (8 (L(h) - L(-h)) - (L(2h) - L(-2h))) / 12 h,   L(h) = loss(parameters + h v)        error O(h^4)
 */
import { expect } from "vitest";
import type { HostTensor, LossGraph, ParameterSpec, Tensor, Tensors } from "../../src/entry/nn.ts";
import { loadBackend, Random } from "../../src/entry/nn.ts";
import { elementCount, evaluateDim } from "../../src/base/shape.ts";
import type { GradientGraph } from "../../src/engine/index.ts";
import { buildGradientGraph } from "../../src/engine/index.ts";
import { encodeModel } from "../../src/onnx/index.ts";
import type { RunSession } from "../../src/runtime/session.ts";
import { numbers } from "../compute.ts";
import { boolMask, draw, lengthsOf } from "./values.ts";

/** Labels run from 0 to this, exclusive. */
export const classes = 4;

/** Sizes of the named dimensions. */
const sizes = { s: 5, t: 3, b: 2 };

/**
 * Draws parameters, inputs and masks, and compares slopes with gradients: for each parameter alone and for all at once.
 *
 * @param factor what the gradient is multiplied with, to see that the check can fail.
 */
export async function expectSlopes(graph: LossGraph, seed: number, factor = 1): Promise<void> {
  const program = buildGradientGraph(graph);
  const session = await (await loadBackend()).createSession(encodeModel(program.model), { threads: 1 });
  const values = valuesOf(graph.parameters, seed);
  const feeds = feedsOf(graph, seed);
  const loss = async (change: ReadonlyMap<string, Float32Array>, h: number) => {
    const moved = [...values].map(
      ([name, x]) => [name, { ...x, data: moveBy(x.data, change.get(name), h) }] as const,
    );
    const results = await session.run({ ...feeds, ...Object.fromEntries(moved) });
    return numbers(results.loss)[0];
  };
  const gradients = await gradientsOf(session, program, graph.parameters, {
    ...feeds,
    ...Object.fromEntries(values),
  });
  const directions = graph.parameters.map(({ name, shape }) => [name, draw(shape, seed + 1).data] as const);
  for (const chosen of [...directions.map((one) => [one]), directions]) {
    const direction = new Map(chosen);
    const over = (f: (name: string, v: Float32Array) => number) =>
      chosen.reduce((sum, [name, v]) => sum + f(name, v), 0);
    const length = Math.sqrt(over((_, v) => dot(v, v)));
    const slope = await slopeOf((h) => loss(direction, h / length));
    const wanted = (factor * over((name, v) => dot(gradients.get(name), v))) / length;
    // what g.v is expected to be along a random direction
    const typical = Math.sqrt(
      over((name) => dot(gradients.get(name), gradients.get(name))) / over((_, v) => v.length),
    );
    const names = chosen.map(([name]) => name).join();
    expect(Math.abs(slope - wanted), `slope ${slope}, gradient ${wanted} of ${names}`).toBeLessThan(
      3e-3 * typical + 3e-5,
    );
  }
  await session.dispose();
}

/**
 * L'(0) by the formula above. Of several steps that one is taken which differs least from the one before: larger ones
 * see the curve, smaller ones the rounding of float32 (Ridders 1982, simplified).
 */
async function slopeOf(loss: (h: number) => Promise<number>): Promise<number> {
  const estimates: number[] = [];
  for (const h of [0.05, 0.025, 0.0125, 0.00625]) {
    const near = (await loss(h)) - (await loss(-h));
    const far = (await loss(2 * h)) - (await loss(-2 * h));
    estimates.push((8 * near - far) / (12 * h));
  }
  const changes = estimates.slice(1).map((slope, i) => Math.abs(slope - estimates[i]));
  return estimates[1 + changes.indexOf(Math.min(...changes))];
}

/** Normal numbers; weights of norms are around 1, since near 0 the norm behind them would magnify every step. */
function valuesOf(
  parameters: readonly ParameterSpec[],
  seed: number,
): ReadonlyMap<string, HostTensor<"float32">> {
  return new Map(
    parameters.map(({ name, shape, init }, i) => {
      const value = draw(shape, seed + i, 0.4);
      return [name, init.kind === "ones" ? { ...value, data: value.data.map((x) => 1 + x / 2) } : value];
    }),
  );
}

/** Values for every input and dropout mask. */
function feedsOf({ inputs, dropouts }: LossGraph, seed: number): Tensors {
  const random = new Random(seed, "feeds");
  const shapeOf = ({ shape }: Tensor) => shape.map((dim) => evaluateDim(dim, sizes));
  const fed = inputs.map((x): readonly [string, HostTensor] => {
    const name = x.source.kind === "input" ? x.source.name : "";
    const shape = shapeOf(x);
    const count = elementCount(shape);
    if (name === "attention_mask") {
      const data = Int32Array.from({ length: count }, (_, i) => (i % shape[1] === 0 ? 1 : random.int(2)));
      return [name, { dtype: "int32", shape, data }];
    }
    if (x.dtype === "bool") {
      const lengths = lengthsOf(shape[0], shape[1], seed);
      return [name, boolMask(shape, ([i, place]) => place >= lengths[i])];
    }
    if (x.dtype === "int32") {
      const below = integersBelow[name] ?? classes;
      return [
        name,
        { dtype: "int32", shape, data: Int32Array.from({ length: count }, () => random.int(below)) },
      ];
    }
    if (name === "yes" || name === "labels" || name === "example_weights")
      return [
        name,
        { dtype: "float32", shape, data: Float32Array.from({ length: count }, () => random.int(2)) },
      ];
    return [name, draw(shape, seed)];
  });
  const masks = dropouts.map(({ name, rate, mask }) => {
    const shape = shapeOf(mask);
    const data = Float32Array.from({ length: elementCount(shape) }, () =>
      random.uniform() < rate ? 0 : 1 / (1 - rate),
    );
    return [`mask:${name}`, { dtype: "float32", shape, data }] as const;
  });
  return Object.fromEntries([...fed, ...masks]);
}

/** Inputs of numbers other than classes. */
const integersBelow: Readonly<Record<string, number>> = {
  ...{ source: 7, tokens: 7, input_ids: 7, labels: 3, token_type_ids: 2 },
};

/** What the training graph gives, rows of tables added up. */
async function gradientsOf(
  session: RunSession,
  { dense, rows }: GradientGraph,
  parameters: readonly ParameterSpec[],
  feeds: Tensors,
): Promise<ReadonlyMap<string, Float64Array>> {
  const results = await session.run(feeds);
  const gradients = new Map(
    parameters.map(({ name, shape }) => [name, new Float64Array(elementCount(shape))] as const),
  );
  for (const [name, output] of dense) gradients.get(name)?.set(numbers(results[output]));
  for (const { parameter, indices, rows: output } of rows) {
    const total = gradients.get(parameter) ?? new Float64Array();
    const added = numbers(results[output]);
    const places = numbers(results[indices]);
    const width = added.length / places.length;
    added.forEach((value, i) => {
      total[places[Math.floor(i / width)] * width + (i % width)] += value;
    });
  }
  return gradients;
}

function moveBy(x: Float32Array, v: Float32Array | undefined, h: number): Float32Array {
  return v === undefined ? x : x.map((value, i) => value + h * v[i]);
}

function dot(x: ArrayLike<number> = [], y: ArrayLike<number> = []): number {
  return Array.from(x).reduce((sum, value, i) => sum + value * y[i], 0);
}
