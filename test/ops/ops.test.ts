/**
 * Every op of the table: its shape rule against the runtime's shapes, its values against a float64 reference, its
 * gradient against central differences of that reference; in both dialects, with named dimensions.
 */
import { describe, expect, it } from "vitest";
import type { DType, HostTensor } from "../../src/base/dtype.ts";
import { Random } from "../../src/base/random.ts";
import { elementCount } from "../../src/base/shape.ts";
import type { Graph } from "../../src/onnx/index.ts";
import { printGraph } from "../../src/onnx/index.ts";
import type { Dialect, Gradient, Tensor } from "../../src/tensor/index.ts";
import { emitModel, grad, input, mul, sum } from "../../src/tensor/index.ts";
import type { OpName } from "../../src/tensor/ops/index.ts";
import { opTable } from "../../src/tensor/ops/index.ts";
import { compute, numbers } from "../compute.ts";
import type { OpCase, Operand, OpRow } from "./case.ts";
import { sizesOf } from "./case.ts";
import { elementwise } from "./elementwise.ts";
import { logic } from "./logic.ts";
import type { Nd } from "./nd.ts";
import { nd } from "./nd.ts";
import { places } from "./places.ts";
import { products } from "./products.ts";
import { wholeAxis } from "./rows.ts";

/** The type fails for an op without a row. */
const table: Readonly<Record<OpName, OpRow>> = {
  ...elementwise,
  ...logic,
  ...wholeAxis,
  ...products,
  ...places,
};
const opNames = Object.keys(table) as OpName[];

it("no op is without a row, and no row without an op or a case", () => {
  expect(opNames.sort()).toEqual(Object.keys(opTable).sort());
  expect(opNames.filter((name) => table[name].cases.length === 0)).toEqual([]);
  expect(opNames.filter((name) => opTable[name].name !== name)).toEqual([]);
});

describe.each(opNames)("%s", (name) => {
  describe.each(dialectsThatDiffer(table[name].cases))("in dialect %s", (dialect) => {
    it.each(table[name].cases)("has the reference's shape and values: $title", async (opCase) => {
      const { y, values, arrays } = trace(opCase);
      const { result } = await compute({ result: y }, values, { dialect });
      const expected = opCase.reference(arrays);
      expect(result.dtype).toBe(y.dtype);
      expect(result.shape).toEqual(sizesOf(y.shape));
      expect(result.shape).toEqual(expected.shape);
      const errors = [...numbers(result)].map((value, i) => {
        const wanted = expected.data[i];
        return Math.abs(value - wanted) / Math.max(1, Math.abs(wanted));
      });
      expect(Math.max(...errors)).toBeLessThan(1e-5);
    });
  });
});

describe.each(opNames.filter((name) => table[name].because === undefined))("the gradient of %s", (name) => {
  const { cases } = table[name];

  describe.each(dialectsThatDiffer(cases))("in dialect %s", (dialect) => {
    it.each(cases.filter(({ wrt }) => wrt?.length !== 0))(
      "is the reference's slope: $title",
      async (opCase) => {
        const { x, y, values, arrays } = trace(opCase);
        const wrt = opCase.wrt ?? opCase.inputs.flatMap(({ dtype }, i) => (dtype === "float32" ? [i] : []));
        const dY = input("dY", "float32", y.shape);
        const direction = randomOf(sizesOf(y.shape));
        values.set(dY, hostTensor("float32", direction));
        const loss = total(mul(y, dY));
        const gradients = grad(
          loss,
          wrt.map((i) => x[i]),
        );
        for (const [k, i] of wrt.entries()) {
          const found = await evaluateGradient(gradients[k], x[i], values, dialect);
          const wanted = differences(opCase, arrays, i, direction);
          const scale = Math.max(1e-2, ...wanted.map(Math.abs));
          const errors = wanted.map((value, j) => Math.abs(value - found[j]));
          expect(found.length).toBe(wanted.length);
          expect(Math.max(...errors)).toBeLessThan(1e-4 * scale);
        }
      },
    );
  });
});

describe("no gradient", () => {
  const refusing = opNames.filter((name) => table[name].because !== undefined);

  it.each(refusing)("of %s, which says why", (name) => {
    const { cases, because } = table[name];
    expect(opTable[name].vjp).toEqual({ because });
    for (const opCase of cases) {
      const { x, y } = trace(opCase);
      if (x.length === 0) continue; // nothing to differentiate by
      expect(() => grad(total(y), x)).toThrow(
        `ERR_NOT_DIFFERENTIABLE: every op between a parameter and the loss must have a gradient; ${name} has none: ${because}; take it off that path`,
      );
    }
  });

  it("of an op with several outputs: a rule knows only the gradient of the first", () => {
    const outputs = (name: OpName) => {
      const { source } = trace(table[name].cases[0]).y;
      return source.kind === "call" ? source.call.outputs.length : 1;
    };
    expect(opNames.filter((name) => outputs(name) > 1 && !refusing.includes(name))).toEqual([]);
  });
});

it("the standard dialect stays in the standard domain, and only products differ from ONNX Runtime's own", () => {
  const differing = opNames.filter((name) => dialectsThatDiffer(table[name].cases).length > 1);
  expect(differing).toEqual(["BatchMatmul"]);
  const domains = opNames.flatMap((name) =>
    table[name].cases.flatMap((opCase) => emit(opCase, "onnx").nodes.map((node) => node.domain)),
  );
  expect(new Set(domains)).toEqual(new Set([""]));
});

/** Both dialects, or one where they emit the same graphs. */
function dialectsThatDiffer(cases: readonly OpCase[]): readonly Dialect[] {
  const same = cases.every((opCase) => printGraph(emit(opCase, "ort")) === printGraph(emit(opCase, "onnx")));
  return same ? ["ort"] : ["ort", "onnx"];
}

function emit(opCase: OpCase, dialect: Dialect): Graph {
  const { y, values } = trace(opCase);
  const outputs = { result: y };
  return emitModel({ name: "case", inputs: [...values.keys()], outputs, parameters: "inputs", dialect })
    .graph;
}

/** The case as symbolic tensors, as values to feed, and as arrays for the reference. */
function trace(opCase: OpCase) {
  const x = opCase.inputs.map(({ dtype, shape }, i) => input(`x${i}`, dtype, shape));
  const arrays = opCase.inputs.map(toNd);
  const values = new Map<Tensor, HostTensor>(
    x.map((tensor, i) => [tensor, hostTensor(tensor.dtype, arrays[i])]),
  );
  // a graph reads its named dimensions off its inputs: this one has them all
  const carrier = input("carrier", "float32", ["b", "t"]);
  values.set(
    carrier,
    hostTensor(
      "float32",
      nd(sizesOf(carrier.shape), () => 0),
    ),
  );
  return { x, y: opCase.build(x), values, arrays };
}

function toNd({ shape, values }: Operand): Nd {
  return { shape: sizesOf(shape), data: Float64Array.from(values) };
}

function hostTensor(dtype: DType, { shape, data }: Nd): HostTensor {
  if (dtype === "float32") return { dtype, shape, data: Float32Array.from(data) };
  if (dtype === "int32") return { dtype, shape, data: Int32Array.from(data) };
  if (dtype === "int64") return { dtype, shape, data: BigInt64Array.from(data, (value) => BigInt(value)) };
  if (dtype === "bool") return { dtype, shape, data: Uint8Array.from(data) };
  throw new Error(`no case needs ${dtype}`);
}

function randomOf(shape: readonly number[]): Nd {
  const random = new Random(5, "dY");
  const length = elementCount(shape);
  return { shape, data: Float64Array.from({ length }, () => Math.fround(random.uniform() - 0.5)) };
}

function total(x: Tensor): Tensor {
  return x.rank === 0
    ? x
    : sum(
        x,
        x.shape.map((_, axis) => axis),
      );
}

/** The gradient as one dense array; rows are added up as the host does. Absence means zeros. */
async function evaluateGradient(
  { dense, rows }: Gradient,
  x: Tensor,
  values: ReadonlyMap<Tensor, HostTensor>,
  dialect: Dialect,
): Promise<Float64Array> {
  const found = new Float64Array(elementCount(sizesOf(x.shape)));
  if (dense !== undefined) {
    const { result } = await compute({ result: dense }, values, { dialect });
    expect(result.shape).toEqual(sizesOf(x.shape));
    found.set(numbers(result));
  }
  for (const row of rows) {
    const result = await compute({ indices: row.indices, rows: row.rows }, values, { dialect });
    const width = sizesOf(x.shape)[1];
    const added = numbers(result.rows);
    Array.from<number | bigint, number>(result.indices.data, Number).forEach((place, i) => {
      for (let j = 0; j < width; j++) found[place * width + j] += added[i * width + j];
    });
  }
  return found;
}

/** d <dY, f(x)> / dx_i for every element of input i, by central differences in float64. */
function differences({ reference }: OpCase, arrays: readonly Nd[], i: number, dY: Nd): Float64Array {
  const h = 1e-5;
  const along = (j: number, step: number) => {
    const data = arrays[i].data.slice();
    data[j] += step;
    const moved = arrays.map((array, k) => (k === i ? { shape: array.shape, data } : array));
    return reference(moved).data.reduce((inner, value, k) => inner + value * dY.data[k], 0);
  };
  return arrays[i].data.map((_, j) => (along(j, h) - along(j, -h)) / (2 * h));
}
