/**
 * The folder that a hand-off to PyTorch consists of.
 *
 *     pretrain.py   README.md   recipe.json        the script, what to do with it, what it does
 *     vocab.txt     tokenizer.json                 for the model that comes back
 *     corpus/       tokens.bin documents.bin meta.json, and where sequences start and how long they are
 *     start/        model.safetensors optimizer.safetensors state.json
 */
import { constants, copyFile, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { writeError } from "../base/file-errors.ts";
import type { PretrainRun, PretrainState, Sequences } from "../pretrain/index.ts";
import { writeCheckpoint } from "../train/index.ts";
import { torchReadme } from "./torch-readme.ts";
import { recipeOf } from "./recipe.ts";

/** Files of a token store, the one that makes it whole last. */
export const storeFiles = ["tokens.bin", "documents.bin", "meta.json"] as const;

/**
 * Fills an empty folder. The run's weights and moments must be those of `state`.
 *
 * @param checkStop called between the large files; throws where there is no use in going on
 */
export async function writeTorchFolder(
  run: PretrainRun,
  state: PretrainState,
  folder: string,
  checkStop: () => void = () => {},
): Promise<void> {
  const { corpus, start, engine } = run;
  const store = join(folder, "corpus");
  await copyStore(join(run.folder.path, "corpus"), store, checkStop);
  await writeSequences(store, "train", corpus.train);
  await writeSequences(store, "dev", corpus.dev);
  checkStop();
  await writeCheckpoint(join(folder, "start"), engine, state);
  checkStop();
  await writeFile(join(folder, "vocab.txt"), start.tokenizer.toVocabularyText());
  await writeFile(join(folder, "tokenizer.json"), start.tokenizer.toTokenizerJson());
  const recipe = recipeOf(run, state, await sizesOf(folder));
  await writeFile(join(folder, "recipe.json"), `${JSON.stringify(recipe, null, 2)}\n`);
  await writeFile(join(folder, "README.md"), torchReadme(run, recipe));
  await writeFile(join(folder, "pretrain.py"), await readFile(new URL("torch/pretrain.py", import.meta.url)));
}

/**
 * Copies a token store; shares its blocks on file systems that can.
 *
 * @throws ERR_DISK_FULL, ERR_NOT_WRITABLE and the like; what `checkStop` throws
 */
export async function copyStore(from: string, to: string, checkStop: () => void = () => {}): Promise<void> {
  try {
    await mkdir(to, { recursive: true });
    for (const name of storeFiles) {
      checkStop();
      await copyFile(join(from, name), join(to, name), constants.COPYFILE_FICLONE);
    }
  } catch (error) {
    throw writeError(error, to);
  }
}

/** float64 starts and uint16 lengths, little endian as the store is. */
async function writeSequences(store: string, split: string, { starts, lengths }: Sequences): Promise<void> {
  for (const [name, { buffer, byteOffset, byteLength }] of [
    ["starts", starts],
    ["lengths", lengths],
  ] as const)
    await writeFile(join(store, `${split}-${name}.bin`), new Uint8Array(buffer, byteOffset, byteLength));
}

async function sizesOf(folder: string): Promise<Record<string, number>> {
  const names = [
    ...[
      ...storeFiles,
      ...["train", "dev"].flatMap((split) => [`${split}-starts.bin`, `${split}-lengths.bin`]),
    ].map((name) => `corpus/${name}`),
    ...["model.safetensors", "optimizer.safetensors", "state.json"].map((name) => `start/${name}`),
  ];
  const sizes: Record<string, number> = {};
  for (const name of names) sizes[name] = (await stat(join(folder, name))).size;
  return sizes;
}
