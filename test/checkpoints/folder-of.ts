/** Model folders for tests: a small BERT of PyTorch's fixtures, in any of the formats that weights come in. */
import { copyFileSync, cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const fixtures = fileURLToPath(new URL("../../fixtures/torch-checkpoints", import.meta.url));

/** config.json of the classifier in the fixtures. */
export const config = {
  architectures: ["BertForSequenceClassification"],
  model_type: "bert",
  id2label: { 0: "billing", 1: "delivery", 2: "物流" },
  hidden_size: 8,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 12,
  vocab_size: 13,
  max_position_embeddings: 10,
};

const vocabulary = [
  "[PAD]",
  "[UNK]",
  "[CLS]",
  "[SEP]",
  "[MASK]",
  "where",
  "is",
  "my",
  "bill",
  "parcel",
  "?",
  "北",
  "京",
];

/** The path of a fixture. */
export const fixture = (name: string): string => join(fixtures, name);

/** Makes a folder with configuration and vocabulary, and fixtures under the names given. */
export function makeFolder(path: string, weights: Readonly<Record<string, string>>): string {
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, "config.json"), JSON.stringify(config));
  writeFileSync(join(path, "vocab.txt"), `${vocabulary.join("\n")}\n`);
  for (const [name, from] of Object.entries(weights)) copyFileSync(fixture(from), join(path, name));
  return path;
}

/** The same with the weights in two files and an index. */
export function makeShardedFolder(path: string): string {
  makeFolder(path, {});
  cpSync(fixture("sharded"), path, { recursive: true });
  return path;
}
