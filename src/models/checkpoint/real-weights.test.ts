/** A real, fine-tuned BERT-tiny without its embedding table, through a checkpoint file and back. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { expect, onTestFinished, test } from "vitest";
import { sharedData } from "../../../test/shared-data.ts";
import { assertLoadable, matchParameters, type ExpectedTensor } from "./match.ts";
import { openSafetensors, writeSafetensors } from "./safetensors.ts";

/** Text file by Hugging Face's name, and the shape; where a matrix is stored transposed does not matter here. */
function tensorFiles(): Map<string, { text: string; shape: number[] }> {
  const d = 128;
  const files = new Map<string, { text: string; shape: number[] }>();
  const linear = (name: string, text: string, shape: number[], bias = text) => {
    files.set(`${name}.weight`, { text: `${text}_weight.txt`, shape });
    files.set(`${name}.bias`, { text: `${bias}_bias.txt`, shape: [shape[0]] });
  };
  for (const layer of [0, 1]) {
    const attention = `bert.encoder.layer.${layer}.attention`;
    for (const part of ["query", "key", "value"])
      linear(`${attention}.self.${part}`, `layer${layer}_attself_${part}`, [d, d]);
    linear(`${attention}.output.dense`, `layer${layer}_selfoutput`, [d, d]);
  }
  linear("bert.pooler.dense", "pooler_dense", [d, d]);
  linear("classifier", "classifier", [6, d]);
  return files;
}

test("every weight comes back exactly, and what the checkpoint lacks is named", async (context) => {
  const archive = sharedData(context, "weights_bert_tiny_encoder/emotion_weights.tar.gz");
  const folder = await mkdtemp(join(tmpdir(), "attune-real-"));
  onTestFinished(async () => rm(folder, { recursive: true }));
  const path = join(folder, "model.safetensors");

  const texts = untar(gunzipSync(await readFile(archive)));
  const values = new Map<string, number[]>();
  const parameters: ExpectedTensor[] = [];
  for (const [name, { text, shape }] of tensorFiles()) {
    const numbers = (texts.get(`weights-emotion/${text}`) ?? "")
      .trim()
      .split(/[\s,]+/)
      .map(Number);
    values.set(name, numbers);
    parameters.push({ name, shape });
  }
  await writeSafetensors(
    path,
    parameters.map(({ name, shape }) => ({ name, shape, data: Float32Array.from(values.get(name) ?? []) })),
  );

  await using file = await openSafetensors(path);
  const match = matchParameters(parameters, file);
  assertLoadable(match);
  expect(match.storedNames.size).toBe(20);
  for (const { name } of parameters) {
    // The text has more digits than a float32, and is that float32 exactly.
    expect(Float64Array.from(await file.read(name), Number)).toEqual(
      Float64Array.from(values.get(name) ?? []),
    );
  }

  const embeddings = { name: "bert.embeddings.word_embeddings.weight", shape: [30522, 128] };
  expect(() => assertLoadable(matchParameters([embeddings, ...parameters], file))).toThrow(
    `no "${embeddings.name}" (${path})`,
  );
});

/** File contents by name: a 512-byte header (name at 0, octal size at 124), then the content in blocks of 512. */
function untar(bytes: Buffer): Map<string, string> {
  const files = new Map<string, string>();
  for (let at = 0; bytes[at] !== 0; ) {
    const name = bytes.toString("utf8", at, bytes.indexOf(0, at));
    const size = Number.parseInt(bytes.toString("ascii", at + 124, at + 136), 8);
    files.set(name, bytes.toString("utf8", at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return files;
}
