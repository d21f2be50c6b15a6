import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { sharedData } from "../../test/shared-data.ts";
import type { ModelFolder } from "../models/checkpoint/index.ts";
import { BertTokenizer } from "../text/index.ts";
import { tokenizerOfFolder } from "./tokenizer-of-folder.ts";

const special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

/** Whether a folder with this vocabulary and configuration of its tokenizer lower-cases its texts. */
function lowercases(vocabulary: string, tokenizerConfig?: unknown): boolean {
  const nothing = async () => {};
  const folder: ModelFolder = {
    path: "model",
    config: {},
    configFile: "model/config.json",
    vocabulary,
    vocabularyJson: undefined,
    merges: undefined,
    sentencePiece: undefined,
    tokenizerJson: undefined,
    tokenizerConfig,
    attune: undefined,
    otherWeights: [],
    weights: {
      path: "model/model.safetensors",
      format: "safetensors",
      files: [],
      tensors: new Map(),
      ignored: [],
      readInto: nothing,
      close: nothing,
      [Symbol.asyncDispose]: nothing,
    },
  };
  const tokenizer = tokenizerOfFolder(folder, 200_000);
  return tokenizer instanceof BertTokenizer && tokenizer.lowercase;
}

describe("casing", () => {
  const cased = [...special, "Paris", "paris", "is"].join("\n");
  const uncased = [...special, "paris", "is"].join("\n");

  test("is that of the vocabulary where that is all", () => {
    expect([lowercases(cased), lowercases(uncased)]).toEqual([false, true]);
  });

  test("is what tokenizer_config.json says, or transformers' default, where that is there", () => {
    expect(lowercases(cased, {})).toBe(true);
    expect(lowercases(uncased, { do_lower_case: false })).toBe(false);
  });

  test("of Google's vocabularies is right", (context) => {
    const real = (name: string) =>
      lowercases(readFileSync(sharedData(context, `vocab/bert-base-${name}-vocab.txt`), "utf8"));
    expect(["cased", "multilingual-cased", "uncased", "chinese"].map(real)).toEqual([
      false,
      false,
      true,
      true,
    ]);
  });
});
