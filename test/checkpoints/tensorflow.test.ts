/** Google's checkpoints: a real one of the shared data, and ones that are written here in every way that matters. */
import { appendFileSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseBertConfig } from "../../src/models/bert/config.ts";
import { bertClassifier } from "../../src/models/bert/sequence-classification.ts";
import { assertLoadable, matchParameters, readModelFolder } from "../../src/models/checkpoint/index.ts";
import { countElements } from "../../src/models/checkpoint/safetensors-header.ts";
import { crc32c, maskCrc } from "../../src/models/checkpoint/tensorflow/crc32c.ts";
import { parameterOf } from "../../src/models/checkpoint/tensorflow/names.ts";
import { unsnappy } from "../../src/models/checkpoint/tensorflow/snappy.ts";
import { openTensorFlowCheckpoint } from "../../src/models/checkpoint/tensorflow/tensorflow-checkpoint.ts";
import { messageOf } from "../message-of.ts";
import { sharedData } from "../shared-data.ts";
import { temporaryFolder } from "../temporary-files.ts";
import { damaged } from "./damage.ts";
import { compress, encodeTable, writeTensorFlow, type Variable } from "./tensorflow-writer.ts";

const { folder } = temporaryFolder();
const prefix = join(folder, "bert_model.ckpt");
const index = `${prefix}.index`;
const data = `${prefix}.data-00000-of-00001`;

const variables: Readonly<Record<string, Variable>> = {
  "bert/embeddings/LayerNorm/beta": { shape: [2], values: [1, 2] },
  "bert/embeddings/LayerNorm/beta/adam_m": { shape: [2], values: [0, 0] },
  "bert/embeddings/LayerNorm/gamma": { shape: [2], values: [3, 4] },
  "bert/embeddings/word_embeddings": { shape: [3, 2], values: [1, 2, 3, 4, 5, 6] },
  "bert/encoder/layer_11/intermediate/dense/kernel": { shape: [2, 3], values: [1, 2, 3, 4, 5, 6] },
  "bert/encoder/layer_11/intermediate/dense/kernel/adam_v": { shape: [2, 3], values: [0, 0, 0, 0, 0, 0] },
  global_step: { shape: [], values: [1000], type: 9 },
  output_bias: { shape: [2], values: [7, 8] },
  output_weights: { shape: [2, 2], values: [1, 2, 3, 4] },
};

async function read(name: string): Promise<number[]> {
  await using file = await openTensorFlowCheckpoint(index);
  const target = new Float32Array(countElements(file.tensors.get(name)?.shape ?? []));
  await file.readInto(name, target);
  return [...target];
}

describe("the real checkpoint of the shared data", () => {
  test("has BERT's parameters in the configured shapes, with right checksums; optimizer state is ignored", async (context) => {
    const path = sharedData(context, "weights_tf_ckpt_toy");
    const model = await readModelFolder(path);
    await using weights = model.weights;
    expect([model.configFile, weights.format]).toEqual([join(path, "bert_config.json"), "TensorFlow"]);
    expect(weights.files.map((file) => file.replace(`${path}/`, ""))).toEqual([
      "bert_model.ckpt.index",
      "bert_model.ckpt.data-00000-of-00001",
    ]);
    const { encoder } = parseBertConfig(model.config, model.configFile);
    const head = { labels: ["a", "b"], problemType: "single_label_classification" } as const;
    const { parameters } = bertClassifier({ ...encoder, ...head }, { idType: "int64" });
    const match = matchParameters(parameters, weights);
    assertLoadable(match);
    expect(match).toMatchObject({ freshHead: true, missing: [], mismatched: [], unexpected: [] });
    expect(match.storedNames.size).toBe(parameters.length - 2);
    for (const [name, { shape }] of weights.tensors)
      await weights.readInto(name, new Float32Array(countElements(shape)));
    expect(weights.ignored.find(({ name }) => name === "global_step")?.why).toBe("a counter of training");
    expect(weights.ignored).toHaveLength(2 * weights.tensors.size + 1); // two moments each, and the step
  });

  test("gives tables as they lie in the file, and kernels transposed", async (context) => {
    const path = join(sharedData(context, "weights_tf_ckpt_toy"), "bert_model.ckpt");
    await using weights = await openTensorFlowCheckpoint(`${path}.index`);
    const bytes = readFileSync(`${path}.data-00000-of-00001`);
    // places as the index has them (seen with a hex dump)
    const at = (offset: number, count: number) =>
      [...Array(count).keys()].map((i) => bytes.readFloatLE(offset + 4 * i));
    const positions = new Float32Array(64);
    await weights.readInto("bert.embeddings.position_embeddings.weight", positions);
    expect([...positions]).toEqual(at(96, 64));
    const dense = new Float32Array(16);
    await weights.readInto("bert.encoder.layer.0.attention.output.dense.weight", dense);
    const kernel = at(1824, 16);
    expect([...dense]).toEqual([...Array(16).keys()].map((i) => kernel[(i % 4) * 4 + Math.floor(i / 4)]));
  });
});

describe.each([{ snappy: false }, { snappy: true }, { snappy: true, blockEntries: 1 }])("%o", (options) => {
  test("every variable under its parameter's name", async () => {
    writeTensorFlow(prefix, variables, options);
    await using file = await openTensorFlowCheckpoint(index);
    expect([...file.tensors].map(([name, { shape }]) => [name, shape])).toEqual([
      ["bert.embeddings.LayerNorm.bias", [2]],
      ["bert.embeddings.LayerNorm.weight", [2]],
      ["bert.embeddings.word_embeddings.weight", [3, 2]],
      ["bert.encoder.layer.11.intermediate.dense.weight", [3, 2]],
      ["classifier.bias", [2]],
      ["classifier.weight", [2, 2]],
    ]);
    expect(file.ignored.map(({ name }) => name)).toEqual(
      Object.keys(variables).filter((name) => /adam_|global_step/.test(name)),
    );
    expect(await read("bert.embeddings.LayerNorm.bias")).toEqual([1, 2]);
    expect(await read("bert.embeddings.word_embeddings.weight")).toEqual([1, 2, 3, 4, 5, 6]);
    expect(await read("bert.encoder.layer.11.intermediate.dense.weight")).toEqual([1, 4, 2, 5, 3, 6]);
    expect(await read("classifier.weight")).toEqual([1, 2, 3, 4]);
  });
});

test("variables in two data files", async () => {
  const [first, ...rest] = Object.entries(variables);
  writeTensorFlow(prefix, Object.fromEntries([[first[0], { ...first[1], shard: 1 }], ...rest]), {
    shards: 2,
  });
  expect(await read("bert.embeddings.LayerNorm.bias")).toEqual([1, 2]);
  rmSync(`${prefix}.data-00001-of-00002`);
  expect(await messageOf(() => openTensorFlowCheckpoint(index))).toMatch(
    /^ERR_SHARD_MISSING: .*no bert_model\.ckpt\.data-00001-of-00002/,
  );
});

test("names", () => {
  const names = {
    "cls/predictions/transform/dense/kernel": "cls.predictions.transform.dense.weight",
    "cls/predictions/output_bias": "cls.predictions.bias",
    "cls/seq_relationship/output_weights": "cls.seq_relationship.weight",
    "other/constructor": "other.constructor",
  };
  expect(Object.keys(names).map((name) => parameterOf(name).name)).toEqual(Object.values(names));
});

describe("refused", () => {
  const refusal = async (change: () => void) => {
    writeTensorFlow(prefix, variables);
    change();
    return messageOf(() => openTensorFlowCheckpoint(index));
  };
  const rewritten = (name: string, change: Partial<Variable>, options = {}) =>
    refusal(() =>
      writeTensorFlow(prefix, { ...variables, [name]: { ...variables[name], ...change } }, options),
    );

  test("a variable in slices, of a type that is no number, or of another length than its shape", async () => {
    expect(await rewritten("output_weights", { sliced: true })).toMatch(
      /^ERR_CHECKPOINT_FORMAT: .*"output_weights" is cut into slices/,
    );
    expect(await rewritten("output_weights", { type: 7 })).toMatch(
      /^ERR_CHECKPOINT_DTYPE: .*"output_weights" is of TensorFlow's type 7/,
    );
    expect(await rewritten("output_weights", { shape: [2, 3] })).toMatch(
      /^ERR_CHECKPOINT_FORMAT: .*"output_weights" has 16 bytes for F32 \[2, 3\]/,
    );
    expect(await rewritten("output_weights", { shape: [2, -2] })).toMatch(
      /"output_weights" has a size or place/,
    );
  });

  test("two variables of one parameter, an object graph, big-endian files", async () => {
    expect(await rewritten("classifier/output_weights", variables.output_weights)).toMatch(
      /"classifier\/output_weights" and "output_weights" are both "classifier\.weight"/,
    );
    expect(await rewritten("model/layer/.ATTRIBUTES/VARIABLE_VALUE", variables.output_bias)).toMatch(
      /^ERR_CHECKPOINT_FORMAT: .*TensorFlow 2 object graph/,
    );
    expect(await rewritten("output_bias", {}, { bigEndian: true })).toMatch(/big-endian/);
  });

  test("data that was cut short or changed", async () => {
    expect(await refusal(() => truncateSync(data, readFileSync(data).length - 1))).toMatch(
      /^ERR_CHECKPOINT_TRUNCATED: .*data-00000-of-00001/,
    );
    writeTensorFlow(prefix, variables);
    const bytes = readFileSync(data);
    bytes[0] ^= 1;
    writeFileSync(data, bytes);
    expect(await messageOf(() => read("bert.embeddings.LayerNorm.bias"))).toMatch(
      /^ERR_CHECKPOINT_CORRUPT: .*"bert\/embeddings\/LayerNorm\/beta" has another checksum/,
    );
    expect(await read("classifier.bias")).toEqual([7, 8]);
  });

  test("an index that is longer, changed, or another's", async () => {
    expect(await refusal(() => appendFileSync(index, "x"))).toMatch(
      /^ERR_CHECKPOINT_FORMAT: .*does not end as a table/,
    );
    expect(await refusal(() => writeFileSync(index, "nothing"))).toMatch(/^ERR_CHECKPOINT_FORMAT/);
    expect(await refusal(() => writeFileSync(index, encodeTable([["a", new Uint8Array()]])))).toMatch(
      /no header/,
    );
    expect(await refusal(() => renameSync(data, `${data}.moved`))).toMatch(/^ERR_SHARD_MISSING/);
  });

  test("keys out of order, and ones that would fill the memory", async () => {
    const none = new Uint8Array();
    const withKeys = (...keys: readonly string[]) =>
      refusal(() => writeFileSync(index, encodeTable(keys.map((key) => [key, none] as const))));
    expect(await withKeys("", "b", "a")).toMatch(/keys are not in order/);
    expect(await withKeys("", "k".repeat(2000))).toMatch(/a key is longer than a name is/);
  });

  test("any damage of the index: an error, or the same tensors", async () => {
    writeTensorFlow(prefix, variables, { snappy: true });
    const whole = readFileSync(index);
    const outcome = async (): Promise<unknown> => {
      await using file = await openTensorFlowCheckpoint(index);
      return [...file.tensors];
    };
    const expected = await outcome();
    await fc.assert(
      fc.asyncProperty(damaged(whole), async (bytes) => {
        writeFileSync(index, bytes);
        try {
          expect(await outcome()).toEqual(expected);
        } catch (error) {
          expect(String(error)).toMatch(/ERR_(CHECKPOINT|SHARD)_/);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe("Snappy", () => {
  test("gives back what was compressed", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom("bert/", "layer_", "kernel", "q", "\u0000")), (words) => {
        const bytes = Buffer.from(words.join(""));
        expect(Buffer.from(unsnappy(compress(bytes), 1e6) ?? "none")).toEqual(bytes);
      }),
    );
  });

  test("reads lengths and offsets of every width", () => {
    // preamble 70: a literal of 61 (1 byte of length), a copy of 4 with a 4-byte offset, one of 5 with a 1-byte offset
    const literal = Buffer.alloc(61, "abc");
    const input = Buffer.concat([
      Buffer.from([70, 60 << 2, 60]),
      literal,
      Buffer.from([3 | (3 << 2), 61, 0, 0, 0, 1 | (1 << 2), 1]),
    ]);
    expect(Buffer.from(unsnappy(input, 100) ?? "none").toString()).toBe(`${literal.toString()}abcaaaaaa`);
  });

  test("never runs on, whatever the bytes, and makes no more than they can", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        expect((unsnappy(bytes, 1e9)?.length ?? 0) <= 22 * 60).toBe(true);
      }),
      { numRuns: 2000 },
    );
    expect(unsnappy(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f), 1e12)).toBeUndefined();
    // copies of 4 bytes that begin nowhere, before the start, or end behind the end
    const copy = (length: number, offset: number) => Uint8Array.of(length, 0, 97, 1, offset);
    expect([copy(5, 0), copy(5, 2), copy(4, 1)].map((input) => unsnappy(input, 100))).toEqual(
      Array(3).fill(undefined),
    );
    expect(Buffer.from(unsnappy(copy(5, 1), 100) ?? "none").toString()).toBe("aaaaa");
    // a literal whose length is negative as a 32-bit number
    expect(unsnappy(Uint8Array.of(4, 63 << 2, 0xfe, 0xff, 0xff, 0xff, 0, 0), 100)).toBeUndefined();
  });
});

test("CRC-32C: the values of RFC 3720, B.4, and LevelDB's mask", () => {
  const bytes = (length: number, make: (i: number) => number) =>
    Uint8Array.from({ length }, (_, i) => make(i));
  expect(crc32c(bytes(32, () => 0))).toBe(0x8a9136aa);
  expect(crc32c(bytes(32, () => 0xff))).toBe(0x62a8ab43);
  expect(crc32c(bytes(32, (i) => i))).toBe(0x46dd794e);
  expect(crc32c(bytes(32, (i) => 31 - i))).toBe(0x113fdb5c);
  expect(crc32c(Buffer.from("56789"), crc32c(Buffer.from("1234")))).toBe(0xe3069283); // the check value of "123456789"
  expect(maskCrc(0)).toBe(0xa282ead8);
});
