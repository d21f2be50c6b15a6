/**
 * A path to a format: what kind of file this is, and its bytes.
 *
 * Gzip is recognised by its first bytes, whatever the name says: browsers unpack `x.csv.gz` while saving and
 * leave the name. The format follows the extension, and the content where the extension says nothing.
 *
 * Does not decode text (encoding.ts) and does not know what a row is.
 */
import { createReadStream, type Stats } from "node:fs";
import { open, readdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, extname } from "node:path";
import { pipeline } from "node:stream";
import { createGunzip, gunzipSync } from "node:zlib";
import { AttuneError, nearest } from "../base/errors.ts";

export type Format = "csv" | "tsv" | "json" | "parquet" | "folder";

/** Where bytes are and whether they are packed. */
export interface ByteSource {
  readonly path: string;
  readonly gzip: boolean;
}

export interface Source extends ByteSource {
  readonly format: Format;
}

const FORMATS =
  "CSV, TSV, JSONL, a JSON array, Parquet, any of these gzipped, or a folder with one sub-folder a label";

const BY_EXTENSION: Readonly<Record<string, Format>> = {
  ".csv": "csv",
  ".tsv": "tsv",
  ".tab": "tsv",
  ".jsonl": "json",
  ".ndjson": "json",
  ".json": "json",
  ".parquet": "parquet",
  ".pq": "parquet",
};

// small enough that the rows of one chunk die young: a megabyte makes reading twice as slow
const CHUNK_BYTES = 1 << 16;
const SNIFF_BYTES = 1 << 16;

/**
 * Finds out what `path` is.
 *
 * @throws ERR_FILE_MISSING, ERR_FILE_UNREADABLE, ERR_FILE_EMPTY, ERR_FORMAT_UNKNOWN, ERR_GZIP
 * @example
 * (await findSource("train.csv.gz")).format; // "csv"
 */
export async function findSource(path: string): Promise<Source> {
  const stats = await statFile(path);
  if (stats.isDirectory()) return { path, format: "folder", gzip: false };
  if (!stats.isFile()) {
    throw new AttuneError("ERR_FILE_UNREADABLE", {
      rule: "data must be a regular file or a folder, since it is read more than once",
      found: "found a pipe or a device",
      next: "save the data to a file first",
      file: path,
    });
  }
  const { gzip, bytes } = await opening(path);
  const name = path.replace(/\.gz$/i, "");
  return { path, gzip, format: BY_EXTENSION[extname(name).toLowerCase()] ?? sniff(bytes, path) };
}

/**
 * Where the bytes of a text file are, whatever is in it: it exists and holds something.
 *
 * @throws ERR_FILE_MISSING, ERR_FILE_UNREADABLE, ERR_FILE_EMPTY, ERR_GZIP
 */
export async function findTextFile(path: string): Promise<ByteSource> {
  await statFile(path);
  return { path, gzip: (await opening(path)).gzip };
}

/** The bytes of a file, unpacked where it is gzipped, 64 KiB at a time. */
export async function* readBytes(source: ByteSource): AsyncGenerator<Buffer> {
  const file = createReadStream(source.path, { highWaterMark: CHUNK_BYTES });
  // pipeline hands a failure of either stream to the iterator below, so its own callback has nothing to do
  const bytes: AsyncIterable<Buffer> = source.gzip
    ? pipeline(file, createGunzip({ chunkSize: CHUNK_BYTES }), () => {})
    : file;
  try {
    for await (const chunk of bytes) yield chunk;
  } catch (cause) {
    throw readFailure(source.path, cause);
  }
}

/** All bytes of a small file, unpacked where it is gzipped. */
export async function readWhole(path: string): Promise<Buffer> {
  try {
    const bytes = await readFile(path);
    return isGzip(bytes) ? gunzipSync(bytes) : bytes;
  } catch (cause) {
    throw readFailure(path, cause);
  }
}

/** The first bytes of a file, unpacked, of which there must be some. */
async function opening(path: string): Promise<{ readonly gzip: boolean; readonly bytes: Buffer }> {
  const raw = await head({ path, gzip: false });
  const gzip = isGzip(raw);
  const bytes = gzip ? await head({ path, gzip }) : raw;
  if (bytes.length === 0) throw emptyFile(path);
  return { gzip, bytes };
}

/** Whether bytes begin as gzip does (RFC 1952, section 2.3.1). */
function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** The first bytes of a file, at most 64 KiB. */
async function head(source: ByteSource): Promise<Buffer> {
  if (source.gzip) {
    for await (const chunk of readBytes(source)) return chunk.subarray(0, SNIFF_BYTES);
    return Buffer.alloc(0);
  }
  try {
    const file = await open(source.path);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(SNIFF_BYTES), 0, SNIFF_BYTES, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw readFailure(source.path, cause);
  }
}

export function emptyFile(path: string): AttuneError {
  return new AttuneError("ERR_FILE_EMPTY", {
    rule: "a data file must hold at least a header and one row",
    found: "the file is empty",
    next: "check that whatever wrote it has finished",
    file: path,
  });
}

async function statFile(path: string): Promise<Stats> {
  try {
    return await stat(path);
  } catch (cause) {
    if (codeOf(cause) !== "ENOENT" && codeOf(cause) !== "ENOTDIR") throw readFailure(path, cause);
    const neighbours = await readdir(dirname(path)).catch(() => []);
    const near = nearest(basename(path), neighbours);
    throw new AttuneError("ERR_FILE_MISSING", {
      rule: "the data must exist",
      found: "no such file or folder",
      next: near === undefined ? "check the path" : `check the path; "${near}" stands in the same folder`,
      file: path,
      cause,
    });
  }
}

function sniff(bytes: Buffer, path: string): Format {
  // without its zero bytes, UTF-16 shows the same ASCII landmarks as UTF-8
  const mark = /^(\xef\xbb\xbf|\xff\xfe|\xfe\xff)/;
  const text = bytes.toString("latin1").replaceAll("\0", "").replace(mark, "");
  if (text.startsWith("PAR1")) return "parquet";
  if (/^\s*(\[\s*)?\{\s*"/.test(text)) return "json";
  const zip = text.startsWith("PK\x03\x04");
  if (!zip && isTable(text, "\t")) return "tsv";
  const unquoted = text.replace(/"[^"]*"/g, ""); // a quoted cell may hold separators and line breaks
  if (!zip && (isTable(unquoted, ",") || isTable(unquoted, ";"))) return "csv";
  throw new AttuneError("ERR_FORMAT_UNKNOWN", {
    rule: `data must be ${FORMATS}`,
    found: zip
      ? "found a zip archive, perhaps an Excel workbook"
      : "neither the name nor the first lines tell the format",
    next: zip
      ? "save the sheet as CSV (UTF-8)"
      : "rename the file after its format, for example to end in .csv",
    file: path,
  });
}

/** Whether the first lines have equally many separators, and more than none: prose with commas is no table. */
function isTable(text: string, separator: string): boolean {
  const lines = text.split(/\r?\n/, 3).filter((line) => line !== "");
  const cells = lines.map((line) => line.split(separator).length);
  return cells[0] > 1 && cells.every((count) => count === cells[0]);
}

/** What went wrong below, as an error for the reader; causes that are not the system's pass through. */
export function readFailure(path: string, cause: unknown): unknown {
  const code = codeOf(cause);
  if (code === undefined) return cause;
  if (code.startsWith("Z_")) {
    return new AttuneError("ERR_GZIP", {
      rule: "a gzipped file must unpack",
      found: `it is damaged or cut off (${code})`,
      next: "fetch or write the file again",
      file: path,
      cause,
    });
  }
  return new AttuneError("ERR_FILE_UNREADABLE", {
    rule: "the data must be readable",
    found: `the system answered ${code}`,
    next: "check the permissions of the file and its folder",
    file: path,
    cause,
  });
}

function codeOf(cause: unknown): string | undefined {
  return cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : undefined;
}
