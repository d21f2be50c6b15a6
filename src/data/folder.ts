/**
 * A folder with one sub-folder a label, each holding text files, to rows: a file is a text.
 *
 * Files are taken in the order of their paths (by code unit, so the same everywhere). Hidden files are passed
 * over, deeper folders are an error: they are most often a split ("train", "test") taken for a label.
 */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { AttuneError } from "../base/errors.ts";
import { openText } from "./decode.ts";
import type { ReadOptions, Row, Table } from "./rows.ts";
import { readFailure, readWhole } from "./source.ts";

/** A text file of a labelled folder, numbered from 1; `path` is relative to the folder, with forward slashes. */
export interface FolderFile {
  readonly row: number;
  readonly label: string;
  readonly path: string;
}

/** Fields `text` (without the last line end) and `label`; `row` is the number of the file. */
export async function folderTable(folder: string, options: ReadOptions): Promise<Table> {
  const files = await listFolder(folder);
  async function* rows(): AsyncGenerator<Row[]> {
    for (const some of inHandfuls(files)) {
      const texts = await Promise.all(some.map(({ path }) => readText(join(folder, path), options.encoding)));
      yield some.map(({ label, path, row }, i) => ({ row, file: path, fields: { text: texts[i], label } }));
    }
  }
  return { columns: ["text", "label"], rows };
}

/**
 * The text files of a labelled folder, sorted.
 *
 * @throws ERR_FOLDER_LAYOUT
 */
export async function listFolder(folder: string): Promise<FolderFile[]> {
  const files: FolderFile[] = [];
  for (const label of await visible(folder)) {
    if (!label.isDirectory()) continue;
    const inside = await visible(join(folder, label.name));
    const deeper = inside.find((entry) => entry.isDirectory());
    if (deeper !== undefined) {
      throw layoutError(
        folder,
        `"${label.name}" holds a folder "${deeper.name}"`,
        `pass ${join(folder, label.name)} if that is the folder of labels`,
      );
    }
    for (const file of inside) {
      files.push({ row: files.length + 1, label: label.name, path: `${label.name}/${file.name}` });
    }
  }
  if (files.length === 0) {
    throw layoutError(
      folder,
      "there are no sub-folders with files",
      "put the texts of each label into a folder named after it, or pass a file",
    );
  }
  return files;
}

/** Files by 64: reading one at a time would mostly wait. */
export function* inHandfuls(files: readonly FolderFile[]): Generator<readonly FolderFile[]> {
  for (let start = 0; start < files.length; start += 64) yield files.slice(start, start + 64);
}

async function visible(folder: string) {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
    throw readFailure(folder, cause);
  });
  return entries.filter((entry) => !entry.name.startsWith(".")).sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function readText(path: string, encoding: string | undefined): Promise<string> {
  const bytes = await readWhole(path);
  async function* whole() {
    yield bytes;
  }
  const { open } = await openText(whole, path, encoding);
  let text = "";
  for await (const piece of open()) text += piece;
  return text.replace(/\r?\n$/, "");
}

function layoutError(folder: string, found: string, next: string): AttuneError {
  return new AttuneError("ERR_FOLDER_LAYOUT", {
    rule: "a folder of data must hold one sub-folder a label, with text files in it",
    found,
    next,
    file: folder,
  });
}
