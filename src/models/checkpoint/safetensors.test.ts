import { appendFile, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { AttuneError } from "../../base/errors.ts";
import { widenBfloat16, widenFloat16 } from "./half.ts";
import { allocate, bytesOf, safetensorsDtypes, type StoredArray } from "./safetensors-dtype.ts";
import { encodeSafetensors, openSafetensors, writeSafetensors, type NamedTensor } from "./safetensors.ts";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "attune-safetensors-"));
  path = join(folder, "model.safetensors");
});
afterEach(async () => rm(folder, { recursive: true }));

const weight: NamedTensor = {
  name: "a.weight",
  shape: [2, 3],
  data: Float32Array.of(1, -2, 3.5, 0, -0, 1e-40),
};
const bias: NamedTensor = { name: "a.bias", shape: [], data: BigInt64Array.of(-(2n ** 62n)) };

/** Tensors of any type and shape, with any bits, of names that differ. */
const anyTensors = fc.uniqueArray(
  fc
    .record({
      name: fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("__proto__", "10", "2", "constructor")),
      shape: fc.array(fc.nat({ max: 4 }), { maxLength: 4 }),
      dtype: fc.constantFrom(...safetensorsDtypes),
    })
    .filter(({ name }) => name !== "__metadata__")
    .chain(({ name, shape, dtype }) => {
      const data = allocate(
        dtype,
        shape.reduce((a, b) => a * b, 1),
      );
      const bits = fc.uint8Array({ minLength: data.byteLength, maxLength: data.byteLength });
      return bits.map((bytes): NamedTensor => {
        bytesOf(data).set(bytes);
        return { name, shape, dtype, data: data.slice() };
      });
    }),
  { selector: ({ name }) => name, maxLength: 6 },
);

/** What reading a tensor gives. */
function asRead({ data, dtype }: NamedTensor): StoredArray {
  const floats = new Float32Array(data.length);
  if (dtype === "F16" && data instanceof Uint16Array) widenFloat16(data, floats);
  else if (dtype === "BF16" && data instanceof Uint16Array) widenBfloat16(data, floats);
  else if (data instanceof Float64Array) floats.set(data);
  else return data;
  return floats;
}

test("any tensors come back bit by bit, with names, shapes, types and metadata", async () => {
  await fc.assert(
    fc.asyncProperty(anyTensors, fc.dictionary(fc.string(), fc.string()), async (tensors, metadata) => {
      await writeSafetensors(path, tensors, metadata);
      await using file = await openSafetensors(path);
      expect(file.metadata).toEqual({ ...metadata });
      expect(new Set(file.tensors.keys())).toEqual(new Set(tensors.map(({ name }) => name)));
      for (const tensor of tensors) {
        const { dtype, shape } = file.tensors.get(tensor.name) ?? {};
        expect({ dtype, shape }).toEqual({ dtype: tensor.dtype, shape: tensor.shape });
        const data = await file.read(tensor.name);
        const expected = asRead(tensor);
        expect(data.constructor).toBe(expected.constructor);
        expect(bytesOf(data)).toEqual(bytesOf(expected));
      }
    }),
    { numRuns: 60 },
  );
});

test("the file is header and data in the order given, the same bytes every time", async () => {
  await writeSafetensors(path, [weight, bias]);
  const first = await readFile(path);
  await writeSafetensors(path, [weight, bias]);
  expect(await readFile(path)).toEqual(first);

  const headerBytes = Number(first.readBigUInt64LE(0));
  expect(headerBytes % 8).toBe(0);
  expect(
    first
      .subarray(8, 8 + headerBytes)
      .toString()
      .trimEnd(),
  ).toBe(
    '{"a.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"a.bias":{"dtype":"I64","shape":[],"data_offsets":[24,32]}}',
  );
  expect([...first.subarray(8 + headerBytes)]).toEqual([...bytesOf(weight.data), ...bytesOf(bias.data)]);
});

test("writing copies no weights: the parts are views of the tensors' memory", () => {
  const [, data] = encodeSafetensors([weight], {}, path);
  expect(data.buffer).toBe(weight.data.buffer);
});

test("weights go straight into a WebAssembly memory, at their place", async () => {
  await writeSafetensors(path, [weight]);
  const memory = new WebAssembly.Memory({ initial: 1 });
  await using file = await openSafetensors(path);
  await file.readInto("a.weight", new Float32Array(memory.buffer, 64, 6));
  expect([...new Float32Array(memory.buffer, 60, 8)]).toEqual([0, ...weight.data, 0]);
});

test("what does not fit is refused by name", async () => {
  await writeSafetensors(path, [weight, bias]);
  await using file = await openSafetensors(path);
  await expect(file.read("a.wieght")).rejects.toThrow('no "a.wieght" among 2 tensors');
  await expect(file.read("a.wieght")).rejects.toThrow('did you mean "a.weight"?');
  await expect(file.readInto("a.weight", new Float32Array(5))).rejects.toThrow(
    /ERR_TENSOR_SHAPE: "a\.weight" must be read into 6 elements, for its shape \[2, 3\]; found a target of 5/,
  );
  await expect(file.readInto("a.bias", new Float32Array(1))).rejects.toThrow(
    /ERR_TENSOR_DTYPE: "a\.bias".*found I64/,
  );
});

test.each([
  ["two tensors of one name", [weight, weight], /ERR_TENSOR_NAME.*"a\.weight" is taken/],
  ["the name of the metadata", [{ ...weight, name: "__metadata__" }], /ERR_TENSOR_NAME/],
  [
    "a shape of another size",
    [{ ...weight, shape: [2, 2] }],
    /ERR_TENSOR_SHAPE.*has 6 elements for \[2, 2\]/,
  ],
  [
    "a type of another width",
    [{ ...weight, dtype: "F16" as const }],
    /ERR_TENSOR_DTYPE.*to be F16 and has a Float32Array/,
  ],
])("refuses to write %s, before it writes", async (_, tensors, message) => {
  await expect(writeSafetensors(path, tensors)).rejects.toThrow(message);
  await expect(readFile(path)).rejects.toThrow("ENOENT");
});

test("a file cut at any byte says how many bytes it should have and has", async () => {
  await writeSafetensors(path, [weight, bias], { format: "pt" });
  const { byteLength: size } = await readFile(path);
  for (let bytes = size - 1; bytes >= 0; bytes--) {
    await truncate(path, bytes);
    const expected = bytes < 8 ? "8" : bytes >= size - 32 ? String(size) : String(size - 32);
    await expect(openSafetensors(path), `${bytes} bytes`).rejects.toThrow(
      `ERR_CHECKPOINT_TRUNCATED: the weight file must have all its bytes: at least ${expected}; found ${bytes} (${path})`,
    );
  }
});

test("a file that grew, or shrinks while it is open, is noticed", async () => {
  await writeSafetensors(path, [weight]);
  {
    await using file = await openSafetensors(path);
    await truncate(path, (await readFile(path)).byteLength - 1);
    await expect(file.read("a.weight")).rejects.toThrow("ERR_CHECKPOINT_TRUNCATED");
  }
  await writeSafetensors(path, [weight]);
  await appendFile(path, "more");
  await expect(openSafetensors(path)).rejects.toThrow("4 bytes follow the last tensor");
});

test("no damaged byte gives anything but an error of ours or a tensor of the size its header states", async () => {
  await writeSafetensors(path, [weight, bias]);
  const intact = await readFile(path);
  const damage = fc.array(fc.tuple(fc.nat({ max: intact.byteLength - 33 }), fc.nat({ max: 255 })), {
    minLength: 1,
    maxLength: 3,
  });
  await fc.assert(
    fc.asyncProperty(damage, async (changes) => {
      const damaged = Buffer.from(intact);
      for (const [at, byte] of changes) damaged[at] = byte;
      await writeFile(path, damaged);
      expect(await outcome(path)).toMatch(/^ERR_CHECKPOINT_|^32 bytes$/);
    }),
    { numRuns: 300 },
  );
});

/** The error's code, or how many bytes of data the file has. */
async function outcome(file: string): Promise<string> {
  try {
    await using opened = await openSafetensors(file);
    let bytes = 0;
    for (const [name, { byteLength }] of opened.tensors) {
      await opened.read(name);
      bytes += byteLength;
    }
    return `${bytes} bytes`;
  } catch (error) {
    return error instanceof AttuneError ? error.code : String(error);
  }
}

test("a missing file and a folder in its place are told apart", async () => {
  await expect(openSafetensors(path)).rejects.toThrow(/ERR_FILE_MISSING: .*check the path/);
  await expect(openSafetensors(folder)).rejects.toThrow(/ERR_READ: .*name a file, not a folder/);
  await expect(openSafetensors(join(folder, "a", "b"))).rejects.toThrow("ERR_FILE_MISSING");
});
