/**
 * Corpora to documents: plain text, WikiExtractor output, or tables with a text column; each also gzipped.
 *
 * Plain text comes in three layouts, told apart by what stands first: `<doc ...>` ... `</doc>` blocks (WikiExtractor),
 * documents separated by blank lines (as Google's pre-training data), or, where there is no blank line at all, a
 * document a line. JSON lines, CSV, TSV, JSON and Parquet hold a document a row. Everything streams but a JSON array.
 *
 * Does not tokenize, and does not clean texts.
 */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { AttuneError } from "../base/errors.ts";
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

/** So much of a plain file is looked at to tell its layout. */
const HEAD_CHARACTERS = 1 << 20;

/**
 * The files of a corpus in a fixed order: paths as given, folders by name, hidden files left out.
 *
 * @throws ERR_FILE_MISSING, ERR_FILE_UNREADABLE, ERR_FILE_EMPTY, ERR_GZIP, ERR_ENCODING, ERR_CORPUS_EMPTY for a folder
 *   without files
 */
export async function corpusFiles(
  corpora: readonly string[],
  options: DocumentOptions,
): Promise<CorpusFile[]> {
  const paths = (await Promise.all(corpora.map(expand))).flat();
  return Promise.all(
    paths.map(async (path): Promise<CorpusFile> => {
      const { gzip } = await findTextFile(path);
      return { path, gzip, layout: TABLES.test(path) ? "rows" : await layoutOf(path, gzip, options) };
    }),
  );
}

/** The documents of a file, one after the other. @throws as `readRows` and `openText` do */
export async function* documents(file: CorpusFile, options: DocumentOptions): AsyncGenerator<string> {
  if (file.layout === "rows") yield* rowDocuments(file, options);
  else yield* textDocuments(file, options);
}

async function expand(path: string): Promise<string[]> {
  const isFolder = await stat(path).then(
    (stats) => stats.isDirectory(),
    () => false, // what is wrong with it is said where it is opened
  );
  if (!isFolder) return [path];
  const names = (
    await readdir(path, { recursive: true, withFileTypes: true }).catch((cause: unknown) => {
      throw readFailure(path, cause);
    })
  )
    .filter((entry) => entry.isFile() && !entry.name.startsWith("."))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  if (names.length > 0) return names;
  throw new AttuneError("ERR_CORPUS_EMPTY", {
    rule: "a corpus folder must hold text files",
    found: "it holds none",
    next: "name a folder with .txt, .jsonl or .csv files, each also gzipped, or the files themselves",
    file: path,
  });
}

async function layoutOf(path: string, gzip: boolean, options: DocumentOptions): Promise<Layout> {
  const { open } = await openText(() => readBytes({ path, gzip }), path, options.encoding);
  let head = "";
  for await (const chunk of open()) {
    head += chunk;
    if (head.length >= HEAD_CHARACTERS) break;
  }
  if (/^\s*<doc [^\n]*>\s*$/m.test(head.trimStart().split("\n", 1)[0] ?? "")) return "wiki";
  return /\S[^\n]*\r?\n[^\S\n]*\r?\n[^\n]*\S/.test(head) ? "blank-lines" : "lines";
}

async function* rowDocuments(file: CorpusFile, options: DocumentOptions): AsyncGenerator<string> {
  const { textColumn, encoding } = options;
  for await (const { row, fields } of readRows(
    file.path,
    encoding === undefined || /\.(parquet|pq)(\.gz)?$/i.test(file.path) ? {} : { encoding },
  )) {
    const text = fields[textColumn];
    if (typeof text === "string") {
      yield text;
    } else {
      throw new AttuneError("ERR_CORPUS_COLUMN", {
        rule: `every row must have its text in the column "${textColumn}"`,
        found: text === undefined ? `there are ${Object.keys(fields).join(", ")}` : `it is a ${typeof text}`,
        next: "name the column with --text",
        file: file.path,
        row,
      });
    }
  }
}

async function* textDocuments(file: CorpusFile, options: DocumentOptions): AsyncGenerator<string> {
  const { path, gzip, layout } = file;
  const { open } = await openText(() => readBytes({ path, gzip }), path, options.encoding);
  let lines: string[] = [];
  for await (const batch of lineBatches(open)) {
    for (const line of batch) {
      if (layout === "lines") {
        if (line.trim() !== "") yield line;
      } else if (endsDocument(line, layout)) {
        if (lines.length > 0) yield lines.join("\n");
        lines = [];
      } else if (line.trim() !== "" && !(layout === "wiki" && line.startsWith("<doc "))) {
        lines.push(line);
      }
    }
  }
  if (lines.length > 0) yield lines.join("\n");
}

function endsDocument(line: string, layout: Layout): boolean {
  return layout === "wiki" ? line.startsWith("</doc>") : line.trim() === "";
}
