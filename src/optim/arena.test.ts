import { afterEach, expect, test, vi } from "vitest";
import { Arena, arenaBytes } from "./arena.ts";
import { createKernels } from "./kernels.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

test("tensors lie behind each other at multiples of 64 bytes and hold zeros", () => {
  const arena = new Arena(arenaBytes([3, 0, 17, 5]));
  const tensors = [arena.float32(3), arena.float32(0), arena.int32(17), arena.float32(5)];
  expect(tensors.map(({ byteOffset, length }) => [byteOffset, length])).toEqual([
    [0, 3],
    [64, 0],
    [64, 17],
    [192, 5],
  ]);
  for (const { array, byteOffset, length } of tensors) {
    expect(array.buffer).toBe(arena.memory.buffer);
    expect(array.byteOffset).toBe(byteOffset);
    expect([...array]).toEqual(Array.from({ length }, () => 0));
  }
  expect(tensors.map(({ array }) => array.constructor.name)).toEqual([
    "Float32Array",
    "Float32Array",
    "Int32Array",
    "Float32Array",
  ]);
});

test("arenaBytes is exactly enough", () => {
  const arena = new Arena(arenaBytes([16, 1]));
  arena.float32(16);
  arena.float32(1);
  expect(() => arena.float32(1)).toThrow("internal: arena of 128 bytes has 0 left, 1 elements asked for");
});

test.each([-1, 1.5, NaN])("a length of %d is refused", (length) => {
  expect(() => arenaBytes([length])).toThrow(`internal: tensor length ${length}`);
});

test("kernels and views reach beyond 2 GiB", async () => {
  // Untouched pages take no memory: only the first and the last are written.
  const far = 3 * 2 ** 28 - 16;
  const arena = new Arena(arenaBytes([far, 5, 5]));
  arena.float32(far);
  const [dst, src] = [arena.float32(5), arena.float32(5)];
  expect(dst.byteOffset).toBe(3 * 2 ** 30 - 64);
  src.array.set([1, 2, 3, 4, 5]);
  const kernels = await createKernels(arena.memory);
  kernels.add(dst.byteOffset, src.byteOffset, 5);
  expect([...dst.array]).toEqual([1, 2, 3, 4, 5]);
  expect(kernels.sumOfSquares(dst.byteOffset, 5)).toBe(55);
});

test("above 4 GiB: says how many parameters fit and how many there are", () => {
  expect(() => new Arena(335e6 * 16)).toThrow(
    "ERR_ARENA_TOO_LARGE: one block of training memory holds at most 4 GiB, enough for 268 million trained " +
      "parameters with their gradients and moments; this run needs 4.99 GiB in one block, as much as 335 million " +
      "parameters; choose a smaller model",
  );
});

test("memory that the system refuses is named", () => {
  vi.spyOn(WebAssembly, "Memory").mockImplementation(function refuse() {
    throw new RangeError("could not allocate memory");
  });
  expect(() => new Arena(2 ** 30)).toThrow("ERR_OUT_OF_MEMORY: training needs 1.00 GiB of memory");
});
