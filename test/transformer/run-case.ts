/**
 * Puts a golden case into a graph and computes its outputs and every gradient: of its inputs, and of its parameters.
 *
 * What a case is given enters in one of two ways: as constants, whose sizes all layers know, or as inputs with named
 * dimensions, as in exported graphs. There a layer makes its tables of positions, masks and means otherwise.
 */
import { expect } from "vitest";
import {
  goldenInput,
  goldenMask,
  goldenProbe,
  goldenWeight,
} from "../../fixtures/transformer-torch/formula.ts";
import type { HostTensor } from "../../src/base/dtype.ts";
import type { DropoutSite, ParameterSpec, State, Tensor } from "../../src/entry/nn.ts";
import {
  add,
  compile,
  constant,
  exportOnnx,
  gradients,
  input,
  loadBackend,
  mul,
  reshape,
  sum,
} from "../../src/entry/nn.ts";
import type { Backend, Tensors } from "../../src/runtime/index.ts";
import type { GoldenCase, Shapes } from "./golden.ts";

/** The ways in which every case is computed; `title` is for test names. */
export const ways = [
  { title: "at once", named: false, dialect: "ort" },
  { title: "exported", named: false, dialect: "onnx" },
  { title: "with named dimensions", named: true, dialect: "ort" },
] as const;

/** The sizes of the goldens are distinct, so that each has one name; products are those of heads and examples. */
const names: ReadonlyMap<number, string> = new Map([
  [3, "b"],
  [5, "t"],
  [11, "s"],
  [2 * 3, "2*b"],
  [7 * 3, "7*b"],
  [3 * 5, "b*t"],
]);

/** How the values of a case enter its graph. */
export class Entrance {
  readonly #named: boolean;
  readonly #feeds: Record<string, HostTensor> = {};

  constructor(options: { readonly named?: boolean } = {}) {
    this.#named = options.named ?? false;
  }

  /** What the graph must be fed. */
  get feeds(): Tensors {
    return this.#feeds;
  }

  take(name: string, value: HostTensor): Tensor {
    if (!this.#named) return constant(value);
    const { dtype, shape } = value;
    this.#feeds[name] = value;
    return input(
      name,
      dtype,
      shape.map((size) => names.get(size) ?? size),
    );
  }

  /** The case's inputs by the formula. */
  inputs(shapes: Shapes): Readonly<Record<string, Tensor>> {
    return Object.fromEntries(
      Object.entries(shapes).map(([name, shape]) => [
        name,
        this.take(name, { dtype: "float32", shape, data: goldenInput(name, shape) }),
      ]),
    );
  }

  /** Feeds dropout its masks; `sizes` tells those of named dimensions. */
  masks(dropouts: readonly DropoutSite[]): void {
    const sizes = new Map([...names].map(([size, name]) => [name, size]));
    for (const { name, mask } of dropouts) {
      const shape = mask.shape.map((dim) => (typeof dim === "number" ? dim : (sizes.get(dim) ?? NaN)));
      this.#feeds[`mask:${name}`] = { dtype: "float32", shape, data: goldenMask(name, shape) };
    }
  }
}

/** Values by the formula for every parameter of a module, which must be those of PyTorch's state_dict. */
export function goldenState(parameters: readonly ParameterSpec[], state: Shapes): State {
  expect(Object.fromEntries(parameters.map(({ name, shape }) => [name, shape]))).toEqual(state);
  return new Map(
    parameters.map(({ name, shape }) => [
      name,
      { dtype: "float32", shape, data: goldenWeight(name, shape) } as const,
    ]),
  );
}

/** Loads a module's parameters by the formula; gives the module. */
export function withGoldenState<
  M extends { readonly parameters: readonly ParameterSpec[]; readonly load: (state: State) => void },
>(module: M, state: Shapes): M {
  module.load(goldenState(module.parameters, state));
  return module;
}

/** What a case computes, without its gradients. */
export interface BuiltCase {
  readonly outputs: Readonly<Record<string, Tensor>>;
  readonly inputs?: Readonly<Record<string, Tensor>>;
  readonly parameters?: readonly ParameterSpec[];
  /** Default: the sum of the outputs, each number weighed by its probe. */
  readonly loss?: Tensor;
}

/** The outputs, and "gradient:NAME" of every input and parameter. */
export function withGradients(
  golden: GoldenCase,
  entrance: Entrance,
  { outputs, inputs = {}, parameters = [], loss = probedLoss(golden, entrance, outputs) }: BuiltCase,
): Readonly<Record<string, Tensor>> {
  const by = [...Object.entries(inputs), ...parameters.map(({ name, tensor }) => [name, tensor] as const)];
  const found = gradients(
    loss,
    by.map(([, tensor]) => tensor),
  );
  return { ...outputs, ...Object.fromEntries(by.map(([name], i) => [`gradient:${name}`, found[i]])) };
}

/** Computes tensors, in one of the two dialects. */
export async function run(
  tensors: Readonly<Record<string, Tensor>>,
  options: { readonly dialect?: "ort" | "onnx"; readonly backend?: Backend; readonly feeds?: Tensors } = {},
): Promise<Tensors> {
  const { dialect = "ort", feeds = {} } = options;
  const backend = options.backend ?? (await loadBackend());
  const session =
    dialect === "ort"
      ? await compile(tensors, backend, { threads: 1 })
      : await backend.createSession(exportOnnx(tensors), { threads: 1 });
  try {
    return await session.run(feeds);
  } finally {
    await session.dispose();
  }
}

function probedLoss(
  golden: GoldenCase,
  entrance: Entrance,
  outputs: Readonly<Record<string, Tensor>>,
): Tensor {
  const parts = Object.entries(outputs).map(([name, output]) => {
    const shape = golden.outputs[name];
    const probe = { dtype: "float32", shape, data: goldenProbe(name, shape) } as const;
    const weighed = mul(output, entrance.take(`probe:${name}`, probe));
    const axes = shape.map((_, axis) => axis);
    return reshape(sum(weighed, axes), [1]);
  });
  return parts.reduce(add);
}
