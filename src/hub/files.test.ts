import { describe, expect, test } from "vitest";
import { chooseFiles, isPlainName, shardsOf } from "./files.ts";

const small = ["config.json", "tokenizer.json", "vocab.txt"];

describe("of a repository is taken", () => {
  test("configuration, tokenizer and one set of weights, and nothing else", () => {
    const names = [
      ...small,
      "README.md",
      ".gitattributes",
      "model.safetensors",
      "pytorch_model.bin",
      "tf_model.h5",
      "flax_model.msgpack",
      "onnx/model.onnx",
      "onnx/config.json",
      "runs/events",
    ];
    expect(chooseFiles(names)).toEqual({ small, weights: { files: ["model.safetensors"] } });
  });

  test.each([
    [["pytorch_model.bin", "model.safetensors.index.json"], "model.safetensors.index.json", true],
    [["pytorch_model.bin", "pytorch_model.bin.index.json"], "pytorch_model.bin", false],
    [["pytorch_model.bin.index.json"], "pytorch_model.bin.index.json", true],
  ])("of %j: %s", (names, weights, split) => {
    const expected = split ? { files: [weights], index: weights } : { files: [weights] };
    expect(chooseFiles(names).weights).toEqual(expected);
  });

  test("Google's checkpoint with its configuration, where there is nothing else", () => {
    const names = [
      "bert_config.json",
      "bert_model.ckpt.data-00000-of-00001",
      "bert_model.ckpt.index",
      "bert_model.ckpt.meta",
    ];
    expect(chooseFiles(names)).toEqual({
      small: ["bert_config.json"],
      weights: { files: ["bert_model.ckpt.index", "bert_model.ckpt.data-00000-of-00001"] },
    });
    expect(chooseFiles(["bert_model.ckpt.index"]).weights).toBeUndefined();
  });

  test("no part whose name leads elsewhere, on Windows either", () => {
    const [index, part] = ["a.ckpt.index", "a.ckpt.data-00000-of-00001"];
    const ways = ["a.ckpt.data-\\..\\..\\evil.cmd", "a.ckpt.data-/../../evil", "a.ckpt.data-:stream"];
    expect(chooseFiles([index, part, ...ways]).weights).toEqual({ files: [index, part] });
    expect(chooseFiles([index, ...ways]).weights).toBeUndefined();
  });

  test("no weights where there are only other forms", () => {
    expect(
      chooseFiles(["config.json", "tf_model.h5", "x.gguf", "sub/model.safetensors"]).weights,
    ).toBeUndefined();
  });

  test("every family's tokenizer", () => {
    const tokenizers = [
      "special_tokens_map.json",
      "added_tokens.json",
      "vocab.json",
      "merges.txt",
      "spiece.model",
      "sentencepiece.bpe.model",
      "unigram.json",
      "attune.json",
    ];
    expect([...chooseFiles(tokenizers).small].sort()).toEqual([...tokenizers].sort());
  });
});

describe("an index names shards", () => {
  const index = (weightMap: unknown) => JSON.stringify({ metadata: {}, weight_map: weightMap });

  test("each once", () => {
    const map = { a: "model-00002-of-00002.safetensors", b: "model-00001-of-00002.safetensors" };
    expect(shardsOf(index({ ...map, c: map.a }))).toEqual([map.b, map.a]);
  });

  test.each([
    ["no JSON", "{"],
    ["no map", "{}"],
    ["null", "null"],
    ["an empty map", index({})],
    ["a number", index({ a: 7 })],
    ["a path", index({ a: "../../etc/passwd" })],
    ["a folder", index({ a: "x/y.safetensors" })],
    ["a hidden file", index({ a: ".ssh" })],
    ["a path among others", index({ a: "good.safetensors", b: "C:\\bad" })],
  ])("but not: %s", (_, text) => {
    expect(shardsOf(text)).toBeUndefined();
  });
});

test("a plain name has no folder and hides nothing", () => {
  expect(["a", "model-1.bin", "A_b"].every(isPlainName)).toBe(true);
  expect(["", ".", "..", "a/b", "a\\b", ".x", "-x", "a\0"].some(isPlainName)).toBe(false);
});
