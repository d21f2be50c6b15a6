import { describe, expect, test } from "vitest";
import { assertLoadable, matchParameters, type ExpectedTensor } from "./match.ts";

/** Some parameters of every kind; the shapes differ so that none can be taken for another. */
const expected: ExpectedTensor[] = [
  { name: "bert.embeddings.word_embeddings.weight", shape: [11, 4] },
  { name: "bert.embeddings.LayerNorm.weight", shape: [4] },
  { name: "bert.embeddings.LayerNorm.bias", shape: [4] },
  { name: "bert.encoder.layer.0.output.dense.weight", shape: [4, 16] },
  { name: "bert.encoder.layer.0.output.LayerNorm.bias", shape: [4] },
  { name: "bert.pooler.dense.weight", shape: [4, 4] },
  { name: "classifier.weight", shape: [3, 4] },
  { name: "classifier.bias", shape: [3] },
];

/** A checkpoint with these parameters under other names or shapes; a name that becomes undefined is left out. */
function stored(rename: (name: string) => string | undefined, shapes: Record<string, number[]> = {}) {
  const tensors = new Map<string, { shape: readonly number[] }>();
  for (const { name, shape } of expected) {
    const storedName = rename(name);
    if (storedName !== undefined) tensors.set(storedName, { shape: shapes[name] ?? shape });
  }
  return { path: "model.safetensors", tensors };
}

const same = (name: string) => name;
const legacy = (name: string) =>
  name.replace(/LayerNorm\.weight$/, "LayerNorm.gamma").replace(/LayerNorm\.bias$/, "LayerNorm.beta");
const bare = (name: string) => (name.startsWith("bert.") ? name.slice(5) : undefined);
const without = (part: string) => (name: string) => (name.includes(part) ? undefined : name);

describe("names", () => {
  test.each([
    ["as they are", same],
    ["gamma and beta", legacy],
    ["without bert.", (name: string) => name.replace(/^bert\./, "")],
    ["without bert., gamma and beta", (name: string) => legacy(name).replace(/^bert\./, "")],
  ])("%s", (_, rename) => {
    const match = matchParameters(expected, stored(rename));
    expect([...match.storedNames]).toEqual(expected.map(({ name }) => [name, rename(name)]));
    expect(match).toMatchObject({ fresh: [], freshHead: false, missing: [], mismatched: [], unexpected: [] });
    assertLoadable(match);
  });

  test("a right name goes before one that needs translating, which is reported", () => {
    const file = stored(same);
    const gamma = "bert.embeddings.LayerNorm.gamma";
    const match = matchParameters(expected, {
      ...file,
      tensors: new Map([[gamma, { shape: [4] }], ...file.tensors]),
    });
    expect(match.storedNames.get("bert.embeddings.LayerNorm.weight")).toBe(
      "bert.embeddings.LayerNorm.weight",
    );
    expect(match.unexpected).toEqual([gamma]);
  });

  test("what nothing asks for is reported, except pre-training heads and position numbers", () => {
    const file = stored(bare);
    file.tensors.set("cls.predictions.bias", { shape: [11] });
    file.tensors.set("embeddings.position_ids", { shape: [1, 512] });
    file.tensors.set("qa_outputs.weight", { shape: [2, 4] });
    expect(matchParameters(expected, file).unexpected).toEqual(["qa_outputs.weight"]);
  });
});

describe("a new head", () => {
  test("starts fresh on an encoder without one", () => {
    const match = matchParameters(expected, stored(bare));
    expect(match).toMatchObject({
      freshHead: true,
      fresh: ["classifier.weight", "classifier.bias"],
      missing: [],
    });
    assertLoadable(match);
  });

  test("brings a pooler with it, as masked-language models have none", () => {
    const match = matchParameters(
      expected,
      stored((name) => without("pooler")(bare(name) ?? "pooler")),
    );
    expect(match.fresh).toEqual(["bert.pooler.dense.weight", "classifier.weight", "classifier.bias"]);
    assertLoadable(match);
  });

  test("is not assumed where a part of one is there, or a pooler is missing below a trained one", () => {
    const halfHead = matchParameters(expected, stored(without("classifier.bias")));
    expect(halfHead).toMatchObject({ freshHead: false, fresh: [], missing: ["classifier.bias"] });
    expect(() => assertLoadable(halfHead)).toThrow('no "classifier.bias"');
    const noPooler = matchParameters(expected, stored(without("pooler")));
    expect(() => assertLoadable(noPooler)).toThrow('no "bert.pooler.dense.weight"');
  });

  test("is not looked for by a model without one", () => {
    const encoder = expected.filter(({ name }) => name.startsWith("bert."));
    const match = matchParameters(encoder, stored(without("pooler")));
    expect(match).toMatchObject({ freshHead: false, missing: ["bert.pooler.dense.weight"] });
  });
});

describe("refused", () => {
  test("a missing weight of the encoder", () => {
    const match = matchParameters(expected, stored(without("LayerNorm")));
    expect(match.missing).toHaveLength(3);
    expect(() => assertLoadable(match)).toThrow(
      'no "bert.embeddings.LayerNorm.weight" and 2 more missing (model.safetensors); use the config.json',
    );
  });

  test("another shape, naming the tensor and both shapes", () => {
    const shapes = { "bert.embeddings.word_embeddings.weight": [12, 4], "bert.pooler.dense.weight": [4] };
    const match = matchParameters(expected, stored(same, shapes));
    expect(match.mismatched).toEqual([
      { name: "bert.embeddings.word_embeddings.weight", expected: [11, 4], stored: [12, 4] },
      { name: "bert.pooler.dense.weight", expected: [4, 4], stored: [4] },
    ]);
    expect(match.storedNames.size).toBe(expected.length - 2);
    expect(() => assertLoadable(match)).toThrow(
      'ERR_TENSOR_SHAPE: "bert.embeddings.word_embeddings.weight" must have the shape that config.json gives it, ' +
        "[11, 4]; found [12, 4] and 1 more of another shape (model.safetensors); use the config.json",
    );
  });

  test("a head for another number of labels", () => {
    const match = matchParameters(
      expected,
      stored(same, { "classifier.weight": [2, 4], "classifier.bias": [2] }),
    );
    expect(() => assertLoadable(match)).toThrow(
      /"classifier\.weight".*\[3, 4\]; found \[2, 4\].*as many labels/,
    );
  });

  test("encoder layers that the configuration leaves out", () => {
    const file = stored(bare);
    file.tensors.set("encoder.layer.1.output.dense.weight", { shape: [4, 16] });
    expect(() => assertLoadable(matchParameters(expected, file))).toThrow(
      /ERR_TENSOR_UNEXPECTED.*no place for "encoder\.layer\.1\.output\.dense\.weight"/,
    );
  });
});
