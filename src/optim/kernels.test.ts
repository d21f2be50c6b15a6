import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Random } from "../base/random.ts";
import { Arena, type ArenaTensor, arenaBytes } from "./arena.ts";
import { createKernels, type Kernels } from "./kernels.ts";

const run = promisify(execFile);

/** Tensors with these contents in an arena of their own, and the kernels bound to it. */
async function place(...contents: Float32Array[]): Promise<{ kernels: Kernels; tensors: ArenaTensor[] }> {
  const arena = new Arena(arenaBytes(contents.map(({ length }) => length)));
  const tensors = contents.map((values) => {
    const tensor = arena.float32(values.length);
    tensor.array.set(values);
    return tensor;
  });
  return { kernels: await createKernels(arena.memory), tensors };
}

function randomArray(length: number, stream: string, scale = 1): Float32Array {
  const random = new Random(1, stream);
  return Float32Array.from({ length }, () => (random.uniform() - 0.5) * scale);
}

/** The bytes, so that -0, 0 and NaN are told apart. */
const bits = (values: Float32Array) => new Uint32Array(values.slice().buffer);

/** Lengths around the kernels' strides of 4 and 32. */
const lengths = [0, 1, 3, 4, 5, 31, 32, 33, 47, 64, 139];

test("the generated module is what the AssemblyScript sources give", async () => {
  const script = fileURLToPath(new URL("../../scripts/build-kernels.js", import.meta.url));
  await expect(run(process.execPath, [script, "--check"])).resolves.toMatchObject({ stderr: "" });
});

test.each(lengths)("adamw over %i elements equals rounding each operation to f32, bit for bit", async (n) => {
  const options = { lr: 3e-3, beta1: 0.9, beta2: 0.999, eps: 1e-6, decay: 0.1, scale: 0.7 };
  const p = randomArray(n, "p");
  const g = randomArray(n, "g", 1e-3).map((value, i) => (i % 5 === 2 ? 0 : value));
  const m = randomArray(n, "m", 1e-3).map((value, i) => (i % 5 === 2 ? 1e-31 : value));
  const v = randomArray(n, "v", 1e-6).map((value, i) => (i % 5 === 2 ? 1e-37 : Math.abs(value)));
  const { kernels, tensors } = await place(p, g, m, v, new Float32Array(1).fill(9));
  const [pIn, gIn, mIn, vIn, behind] = tensors;
  const { lr, beta1, beta2, eps, decay, scale } = options;
  const offsets = [pIn, gIn, mIn, vIn].map(({ byteOffset }) => byteOffset);
  const [corrected1, corrected2] = [1 - beta1 ** 7, 1 - beta2 ** 7];
  const [o0, o1, o2, o3] = offsets;
  kernels.adamw(o0, o1, o2, o3, n, lr, beta1, beta2, eps, decay, corrected1, corrected2, scale);

  const f = Math.fround;
  for (let i = 0; i < n; i++) {
    const grad = f(g[i] * f(scale));
    m[i] = f(f(f(beta1) * m[i]) + f(f(1 - beta1) * grad));
    v[i] = f(f(f(beta2) * v[i]) + f(f(1 - beta2) * f(grad * grad)));
    if (Math.abs(m[i]) < 2 ** -100) m[i] = 0;
    if (v[i] < 2 ** -120) v[i] = 0;
    const denominator = f(f(f(Math.sqrt(v[i])) * f(1 / Math.sqrt(corrected2))) + f(eps));
    p[i] = f(f(p[i] * f(1 - lr * decay)) - f(f(lr / corrected1) * f(m[i] / denominator)));
  }
  expect(bits(pIn.array)).toEqual(bits(p));
  expect(bits(mIn.array)).toEqual(bits(m));
  expect(bits(vIn.array)).toEqual(bits(v));
  expect(bits(gIn.array)).toEqual(bits(g));
  expect(behind.array[0]).toBe(9);
});

test("a NaN gradient stays visible in the moments and the parameter", async () => {
  const g = new Float32Array(37);
  g[1] = g[36] = NaN;
  const { kernels, tensors } = await place(
    new Float32Array(37),
    g,
    new Float32Array(37),
    new Float32Array(37),
  );
  const [p, , m, v] = tensors;
  const [o0, o1, o2, o3] = tensors.map(({ byteOffset }) => byteOffset);
  kernels.adamw(o0, o1, o2, o3, 37, 1e-3, 0.9, 0.999, 1e-6, 0, 0.1, 0.001, 1);
  for (const { array } of [p, m, v])
    expect([...array.keys()].filter((i) => Number.isNaN(array[i]))).toEqual([1, 36]);
});

test("sumOfSquares equals the sum in float64 to 1e-7, at any length", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.float({ min: -1e6, max: 1e6, noNaN: true }).filter((x) => x === 0 || Math.abs(x) > 1e-15),
        {
          maxLength: 200,
        },
      ),
      async (values) => {
        const { kernels, tensors } = await place(Float32Array.from(values));
        const expected = values.reduce((sum, value) => sum + value * value, 0);
        const found = kernels.sumOfSquares(tensors[0].byteOffset, values.length);
        expect(Math.abs(found - expected)).toBeLessThanOrEqual(2e-7 * expected);
      },
    ),
  );
});

test("sumOfSquares keeps small values beside a large one, where sums in f32 would drop them", async () => {
  const values = new Float32Array(32 + 100_003).fill(1);
  values.fill(0, 0, 32);
  values[0] = 2 ** 15;
  const { kernels, tensors } = await place(values);
  expect(kernels.sumOfSquares(tensors[0].byteOffset, values.length)).toBe(2 ** 30 + 100_003);
});

test.each([NaN, Infinity, -Infinity])("sumOfSquares tells %d at any place", async (bad) => {
  const { kernels, tensors } = await place(new Float32Array(71).fill(0.5));
  const [x] = tensors;
  for (const at of [0, 17, 31, 32, 63, 64, 70]) {
    x.array[at] = bad;
    expect(Number.isFinite(kernels.sumOfSquares(x.byteOffset, 71))).toBe(false);
    x.array[at] = 0.5;
  }
  expect(kernels.sumOfSquares(x.byteOffset, 71)).toBe(71 / 4);
});

test.each(lengths)("lerp over %i elements", async (n) => {
  const [a, b] = [randomArray(n, "a"), randomArray(n, "b")];
  const { kernels, tensors } = await place(a, b, new Float32Array(1).fill(9));
  const [dst, src, behind] = tensors;
  kernels.lerp(dst.byteOffset, src.byteOffset, n, 0.25);
  const difference = b.map((value, i) => value - a[i]); // rounded to float32, as each step of the kernel is
  const scaled = difference.map((value) => 0.25 * value);
  expect(bits(dst.array)).toEqual(bits(a.map((value, i) => value + scaled[i])));
  expect(bits(src.array)).toEqual(bits(b));
  expect(behind.array[0]).toBe(9);
});

test.each(lengths)("add over %i elements", async (n) => {
  const [a, b] = [randomArray(n, "a"), randomArray(n, "b")];
  const { kernels, tensors } = await place(a, b, new Float32Array(1).fill(9));
  const [dst, src, behind] = tensors;
  kernels.add(dst.byteOffset, src.byteOffset, n);
  expect(bits(dst.array)).toEqual(bits(a.map((value, i) => value + b[i])));
  expect(bits(src.array)).toEqual(bits(b));
  expect(behind.array[0]).toBe(9);
});

test("scatterAddRows equals the loop in JavaScript bit for bit, repeated rows included", async () => {
  const cases = fc.record({
    height: fc.integer({ min: 1, max: 7 }),
    width: fc.constantFrom(1, 3, 4, 5, 8, 13),
    picks: fc.array(fc.nat(), { maxLength: 40 }),
  });
  await fc.assert(
    fc.asyncProperty(cases, async ({ height, width, picks }) => {
      const indices = Int32Array.from(picks, (pick) => pick % height);
      const table = randomArray(height * width, "table");
      const rows = randomArray(indices.length * width, "rows", 1e3);
      const arena = new Arena(arenaBytes([table.length, rows.length, indices.length]));
      const [tableIn, rowsIn] = [arena.float32(table.length), arena.float32(rows.length)];
      const indicesIn = arena.int32(indices.length);
      tableIn.array.set(table);
      rowsIn.array.set(rows);
      indicesIn.array.set(indices);
      const kernels = await createKernels(arena.memory);
      kernels.scatterAddRows(
        tableIn.byteOffset,
        rowsIn.byteOffset,
        indicesIn.byteOffset,
        indices.length,
        width,
      );

      indices.forEach((row, r) => {
        for (let c = 0; c < width; c++) table[row * width + c] += rows[r * width + c];
      });
      expect(bits(tableIn.array)).toEqual(bits(table));
    }),
  );
});
