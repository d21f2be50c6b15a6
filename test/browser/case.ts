/**
 * What a case is: something computed with `attune/nn`, the same in Node and in a browser, and its numbers.
 *
 * Imports nothing of Node, as all cases: they are bundled into the page.
 */
import type { HostTensor } from "../../src/base/dtype.ts";
import type { Backend, Evaluate, ParameterSpec, State, Tensor } from "../../src/entry/nn-common.ts";
import { gradients, mul, Random, randn, Scope, sum } from "../../src/entry/nn-common.ts";

/** The part of `attune/nn` that Node and browsers have each their own of. */
export interface Runtime {
  readonly evaluate: Evaluate;
  readonly loadBackend: () => Promise<Backend>;
}

/** Numbers that can leave the page. */
export interface Values {
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

/** Computes its numbers, by name. */
export type Case = (runtime: Runtime) => Promise<Readonly<Record<string, Values>>>;

/** A case that is the values of symbolic tensors. */
export function tensors(make: () => Readonly<Record<string, Tensor>>): Case {
  return async ({ evaluate }) => {
    const results = Object.entries(await evaluate(make()));
    return Object.fromEntries(results.map(([name, value]) => [name, fromHost(value)]));
  };
}

export function fromHost({ shape, data }: HostTensor): Values {
  return { shape, values: Array.from(data, Number) };
}

/** A list of numbers. */
export function list(values: Iterable<number>): Values {
  const all = [...values];
  return { shape: [all.length], values: all };
}

/** The output, and how it moves with each of `wrt`: the gradients of its product with one random direction. */
export function differentiated(
  output: Tensor,
  wrt: Readonly<Record<string, Tensor>>,
): Readonly<Record<string, Tensor>> {
  const axes = output.shape.map((_, axis) => axis);
  const loss = sum(mul(output, randn(output.shape.map(Number), { seed: 99 })), axes);
  const each = gradients(loss, Object.values(wrt));
  return { output, ...Object.fromEntries(Object.keys(wrt).map((name, i) => [`d ${name}`, each[i]])) };
}

/** The parameters by path. */
export function parametersOf(specs: readonly ParameterSpec[]): Readonly<Record<string, Tensor>> {
  return Object.fromEntries(specs.map(({ name, tensor }) => [name, tensor]));
}

/** Values without zeros and ones, so that no bias and no norm goes untested. */
export function randomState(specs: readonly ParameterSpec[]): State {
  return new Map(
    specs.map(({ name, shape }) => {
      const random = new Random(11, name);
      const count = shape.reduce((n, dim) => n * dim, 1);
      const [mean, deviation] = startOf(name, shape);
      const data = Float32Array.from({ length: count }, () => mean + deviation * random.normal());
      return [name, { dtype: "float32", shape, data }];
    }),
  );
}

/** The module with such values. */
export function randomized<M extends { parameters: readonly ParameterSpec[]; load: (state: State) => void }>(
  module: M,
): M {
  module.load(randomState(module.parameters));
  return module;
}

/** A scope whose parameters have such values, for layers that are functions. */
export function randomScope(): Scope {
  const scope = Scope.root({
    training: false,
    values: (path) => {
      const value = randomState(scope.parameters).get(path);
      if (value === undefined) throw new Error(`no parameter "${path}"`);
      return value;
    },
  });
  return scope;
}

/** Mean and deviation: matrices keep the size of what they multiply, norms keep it nearly. */
function startOf(name: string, shape: readonly number[]): readonly [number, number] {
  if (shape.length === 2) return [0, 1 / Math.sqrt(shape[1])];
  return [name.endsWith("weight") ? 1 : 0, 0.3];
}
