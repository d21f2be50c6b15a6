import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { encodeSafetensors, readModelFolder, writeFileAtomic } from "../models/checkpoint/index.ts";
import { PipelineTokenizer, readTokenizer } from "../text/index.ts";
import { tokenizerContent, tokenizerOfFolder } from "./tokenizer-of-folder.ts";

const json = readFileSync(new URL("../../fixtures/family-tokenizers/roberta.json", import.meta.url), "utf8");
const roberta = readTokenizer(json);

/** A model folder with these files beside config.json and weights, opened. */
async function folderWith(files: Readonly<Record<string, string>>) {
  const path = mkdtempSync(join(tmpdir(), "attune-tokenizer-"));
  await writeFileAtomic(join(path, "model.safetensors"), encodeSafetensors([], {}, path));
  for (const [name, text] of Object.entries({ "config.json": "{}", ...files }))
    writeFileSync(join(path, name), text);
  const folder = await readModelFolder(path);
  await folder.weights.close();
  return folder;
}

describe("the tokenizer of a folder", () => {
  it("is that of tokenizer.json, with the special tokens that tokenizer_config.json names", async () => {
    const config = { pad_token: { content: "</s>" }, mask_token: "<unk>" };
    const folder = await folderWith({
      "tokenizer.json": json,
      "tokenizer_config.json": JSON.stringify(config),
    });
    const tokenizer = tokenizerOfFolder(folder, 2000);
    expect(tokenizer).toBeInstanceOf(PipelineTokenizer);
    expect([tokenizer.padId, tokenizer.maskId]).toEqual([2, 3]);
    expect(() => tokenizerOfFolder(folder, 100)).toThrow(/ERR_VOCABULARY_SIZE.*1161 tokens and 100 rows/);
  });

  it("is that of vocab.json and merges.txt where there is no tokenizer.json", async () => {
    const { model } = JSON.parse(json) as { model: { vocab: object; merges: string[] } };
    const files = { "vocab.json": JSON.stringify(model.vocab), "merges.txt": model.merges.join("\n") };
    const given = "the models' tokens";
    const plain = tokenizerOfFolder(await folderWith(files), 2000);
    expect(plain.encode(given)).toEqual(roberta.encode(given));
    const prefixed = tokenizerOfFolder(
      await folderWith({ ...files, "tokenizer_config.json": '{"add_prefix_space": true}' }),
      2000,
    );
    expect(prefixed.encode(given).ids).toEqual(roberta.encode(` ${given}`).ids);
  });

  it("is refused where there is only a SentencePiece model, or nothing", async () => {
    const spiece = await folderWith({ "spiece.model": "x" });
    expect(() => tokenizerOfFolder(spiece, 9)).toThrow(
      /ERR_MODEL_FILE.*found only spiece\.model.*tokenizer\.json/,
    );
    const nothing = await folderWith({});
    expect(() => tokenizerOfFolder(nothing, 9)).toThrow(
      /ERR_MODEL_FILE.*vocab\.json and merges\.txt; found none/,
    );
  });
});

it("what is written names the special tokens", () => {
  expect(tokenizerContent(roberta)).toMatchObject({
    tokenizerConfig: { tokenizer_class: "PreTrainedTokenizerFast", pad_token: "<pad>", cls_token: "<s>" },
    specialTokens: { mask_token: "<mask>", sep_token: "</s>", unk_token: "<unk>" },
  });
});
