/** Files by PyTorch itself (fixtures/torch-checkpoints), against what PyTorch says that is in them. */
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { openSafetensors } from "../safetensors.ts";
import { countElements } from "../safetensors-header.ts";
import type { StoredWeights } from "../stored-weights.ts";
import { openTorchFile } from "./torch-file.ts";

const fixture = (name: string) =>
  fileURLToPath(new URL(`../../../../fixtures/torch-checkpoints/${name}`, import.meta.url));

/** Bits by tensor, since -0 and NaN count; those of whole numbers left out. */
async function allBits(weights: StoredWeights): Promise<Record<string, string>> {
  const all: Record<string, string> = {};
  for (const [name, { shape, dtype }] of weights.tensors) {
    if (dtype === "I64") continue;
    const target = new Float32Array(countElements(shape));
    await weights.readInto(name, target);
    all[name] = Buffer.from(target.buffer).toString("hex");
  }
  return all;
}

/** In the order of the file. */
const shapes = ({ tensors }: StoredWeights) => [...tensors].map(([name, { shape }]) => [name, shape]);

describe("files by torch.save", () => {
  test.each([
    ["views.torch-1.13.0.bin", "PyTorch"],
    ["views.torch-2.13.0.bin", "PyTorch"],
    ["views.no-checksums.bin", "PyTorch"],
    ["views.protocol-4.bin", "PyTorch"],
    ["views.legacy.bin", "PyTorch before 1.6"],
    ["views.legacy-protocol-5.bin", "PyTorch before 1.6"],
  ])("%s: every tensor as PyTorch has it, bit for bit", async (name, format) => {
    await using expected = await openSafetensors(fixture("views.safetensors"));
    await using file = await openTorchFile(fixture(name));
    expect(file.format).toBe(format);
    expect(file.files).toEqual([file.path]);
    expect(shapes(file)).toEqual(shapes(expected));
    expect(await allBits(file)).toEqual(await allBits(expected));
    expect([...file.tensors].map(([tensor, info]) => [tensor, info.dtype])).toEqual(
      [...expected.tensors.keys()].map((tensor) => [tensor, dtypes[tensor] ?? "F32"]),
    );
  });

  test.each(["bert.bin", "bert.legacy.bin", "bert.wrapped.bin"])("%s: a state_dict", async (name) => {
    await using expected = await openSafetensors(fixture("bert.safetensors"));
    await using file = await openTorchFile(fixture(name));
    const prefix = name === "bert.wrapped.bin" ? "module." : "";
    const renamed = Object.entries(await allBits(expected)).map(([tensor, values]) => [
      prefix + tensor,
      values,
    ]);
    expect(Object.entries(await allBits(file))).toEqual(renamed);
  });

  test("what stands beside a state_dict is told", async () => {
    await using file = await openTorchFile(fixture("bert.wrapped.bin"));
    expect(file.ignored).toEqual([
      { name: "epoch", why: 'stands beside "state_dict"' },
      { name: "optimizer", why: 'stands beside "state_dict"' },
    ]);
  });
});

/** Those of views.* that are not F32. */
const dtypes: Readonly<Record<string, string>> = {
  half: "F16",
  "half.transposed": "F16",
  bfloat16: "BF16",
  float64: "F64",
  position_ids: "I64",
};

describe("reading a tensor", () => {
  test("that is not there, of whole numbers, or into memory of another length", async () => {
    await using file = await openTorchFile(fixture("views.legacy.bin"));
    const read = (name: string, length: number) => file.readInto(name, new Float32Array(length));
    await expect(read("contiguos", 15)).rejects.toThrow(/ERR_TENSOR_MISSING.*did you mean "contiguous"/);
    await expect(read("position_ids", 9)).rejects.toThrow(/ERR_TENSOR_DTYPE.*"position_ids".*found I64/);
    await expect(read("transposed", 15)).rejects.toThrow(/ERR_TENSOR_SHAPE.*"transposed".*14 elements/);
  });
});
