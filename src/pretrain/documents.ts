/**
 * Corpora to documents: plain text, WikiExtractor output, or tables with a text column; each also gzipped.
 *
 * Plain text comes in three layouts, told apart by the first million characters: `<doc ...>` ... `</doc>` blocks
 * (WikiExtractor), documents separated by blank lines (as Google's pre-training data), or, where no blank line stands
 * between others, a document a line. JSON lines, CSV, TSV, JSON and Parquet hold a document a row; JSON is known by its
 * first line too. Everything streams but a JSON array.
 *
 * Does not tokenize, and does not clean texts.
 */
import { readdir, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { AttuneError } from "../base/errors.ts";
import type { BadRow, Row } from "../data/index.ts";
import { findTextFile, lineBatches, openText, readBytes, readFailure, readRows } from "../data/index.ts";

export type Layout = "wiki" | "blank-lines" | "lines" | "rows";

/** One file of a corpus and how its documents are told apart. */
export interface CorpusFile {
  readonly path: string;
  readonly gzip: boolean;
  readonly layout: Layout;
}

export interface DocumentOptions {
  /** Column of the text in tables. Default "text". */
  readonly textColumn: string;
  readonly encoding?: string | undefined;
}

const TABLES = /\.(jsonl|ndjson|json|csv|tsv|tab|parquet|pq)(\.gz)?$/i;

const PARQUET = /\.(parquet|pq)(\.gz)?$/i;

/** So much of a plain file is looked at to tell its layout. */
const HEAD_CHARACTERS = 1 << 20;

/**
 * The files of a corpus in a fixed order: paths as given, files of a folder by path, hidden files and folders left out.
 *
 * @throws ERR_FILE_MISSING, ERR_FILE_UNREADABLE, ERR_FILE_EMPTY, ERR_GZIP, ERR_ENCODING, ERR_CORPUS_EMPTY for a folder
 *   without files
 */
export async function corpusFiles(
  corpora: readonly string[],
  options: DocumentOptions,
): Promise<CorpusFile[]> {
  const files: CorpusFile[] = [];
  // one after the other: a corpus may have more files than a process may hold open
  for (const path of (await Promise.all(corpora.map(expand))).flat()) {
    const { gzip } = await findTextFile(path);
    files.push({ path, gzip, layout: TABLES.test(path) ? "rows" : await layoutOf(path, gzip, options) });
  }
  return files;
}

/** The documents of a file, one after the other. @throws as `readRows` and `openText` do */
export async function* documents(file: CorpusFile, options: DocumentOptions): AsyncGenerator<string> {
  if (file.layout === "rows") yield* rowDocuments(file, options);
  else yield* textDocuments(file, options);
}

/** Whether a file says itself how its texts are encoded. */
export function isParquet({ path }: CorpusFile): boolean {
  return PARQUET.test(path);
}

async function expand(path: string): Promise<string[]> {
  if (!(await isFolder(path))) return [path];
  const paths = (await filesBelow(path, new Set())).sort();
  if (paths.length > 0) return paths;
  throw new AttuneError("ERR_CORPUS_EMPTY", {
    rule: "a corpus folder must hold text files",
    found: "it holds none",
    next: "name a folder with .txt, .jsonl or .csv files, each also gzipped, or the files themselves",
    file: path,
  });
}

/** False also where nothing stands: what is wrong with a path is said where it is opened. */
async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}

/** Links are followed, each folder once. */
async function filesBelow(folder: string, visited: Set<string>): Promise<string[]> {
  const place = await realpath(folder);
  if (visited.has(place)) return [];
  visited.add(place);
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
    throw readFailure(folder, cause);
  });
  const paths: string[] = [];
  for (const entry of entries) {
    if (entry.name.startsWith(".")) continue;
    const path = join(folder, entry.name);
    if (await isFolder(path)) paths.push(...(await filesBelow(path, visited)));
    else if (entry.isFile() || entry.isSymbolicLink()) paths.push(path);
  }
  return paths;
}

async function layoutOf(path: string, gzip: boolean, options: DocumentOptions): Promise<Layout> {
  const { open } = await openText(() => readBytes({ path, gzip }), path, options.encoding);
  let head = "";
  for await (const chunk of open()) {
    head += chunk;
    if (head.length >= HEAD_CHARACTERS) break;
  }
  const lines = head.trim().split("\n");
  if (/^<doc .*>\s*$/.test(lines[0])) return "wiki";
  if (isJson(lines[0])) return "rows";
  return lines.some((line) => line.trim() === "") ? "blank-lines" : "lines";
}

/** Whether a file's first line is a record, or begins an array of them. */
function isJson(line: string): boolean {
  if (/^\[\s*(\{|$)/.test(line)) return true;
  if (!line.startsWith("{")) return false;
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

async function* rowDocuments(file: CorpusFile, options: DocumentOptions): AsyncGenerator<string> {
  const { textColumn, encoding } = options;
  const named = encoding === undefined || isParquet(file) ? {} : { encoding };
  const onBadRow = ({ row, reason }: BadRow) => {
    throw new AttuneError("ERR_BAD_ROWS", {
      rule: "every row must be complete",
      found: reason,
      next: "correct the file",
      file: file.path,
      row,
    });
  };
  for await (const { row, fields } of readRows(file.path, { ...named, onBadRow })) {
    const text = fields[textColumn];
    if (typeof text !== "string") throw noText(file, row, fields, textColumn);
    yield text;
  }
}

function noText(file: CorpusFile, row: number, fields: Row["fields"], column: string): AttuneError {
  const value = fields[column];
  return new AttuneError("ERR_CORPUS_COLUMN", {
    rule: `every row must have its text in the column "${column}"`,
    found:
      value === undefined
        ? `there are ${Object.keys(fields).join(", ")}`
        : `it is ${value === null ? "null" : `a ${typeof value}`}`,
    next:
      value === undefined
        ? "name the column with --text"
        : "correct the row, or name another column with --text",
    file: file.path,
    row,
  });
}

async function* textDocuments(file: CorpusFile, options: DocumentOptions): AsyncGenerator<string> {
  const { path, gzip, layout } = file;
  const { open } = await openText(() => readBytes({ path, gzip }), path, options.encoding);
  let lines: string[] = [];
  for await (const batch of lineBatches(open)) {
    for (const line of batch) {
      if (layout === "lines") {
        if (line.trim() !== "") yield line;
      } else if (isBoundary(line, layout)) {
        if (lines.length > 0) yield lines.join("\n");
        lines = [];
      } else if (line.trim() !== "") {
        lines.push(line);
      }
    }
  }
  if (lines.length > 0) yield lines.join("\n");
}

/** Whether a line stands between documents; a block of WikiExtractor that is not ended ends where the next begins. */
function isBoundary(line: string, layout: Layout): boolean {
  return layout === "wiki" ? line.startsWith("<doc ") || line.startsWith("</doc>") : line.trim() === "";
}
