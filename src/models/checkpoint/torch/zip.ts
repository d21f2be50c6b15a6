/**
 * Where the entries of a zip file lie: those that are stored as they are, as torch.save writes them.
 *
 * Source: PKWARE's APPNOTE.TXT 6.3.10: 4.3.7 (local header), 4.3.12 (central directory), 4.3.14 to 4.3.16 (its end,
 * also for zip64), 4.5.3 (zip64 sizes).
 *
 * Refuses by name what a weight file never has: compressed or encrypted entries, two of one name, entries that overlap
 * or lie outside the file. So nothing is ever inflated, and all entries together are no larger than the file. Does not
 * read an archive in several parts.
 */
import type { OpenFile } from "../open-file.ts";
import { truncated } from "../open-file.ts";
import { malformedTorch } from "./pickle-errors.ts";

export interface ZipEntry {
  /** Bytes from the start of the file. */
  readonly position: number;
  readonly byteLength: number;
  /** CRC-32 of the bytes, or 0 where the writer left it out. */
  readonly crc32: number;
}

const END_BYTES = 22;
const MAX_COMMENT_BYTES = 0xffff;
const LOCATOR_BYTES = 20;
const END64_BYTES = 56;
const CENTRAL_BYTES = 46;
const LOCAL_BYTES = 30;
/** A BERT has one for each of its 200 to 400 tensors. */
const MAX_ENTRIES = 65_536;
const MAX_DIRECTORY_BYTES = 32 * 2 ** 20;
const ENCRYPTED = 1;
const ZIP64_EXTRA = 1;

/** All entries by name, folders in the name included. @throws AttuneError ERR_CHECKPOINT_TRUNCATED, ERR_CHECKPOINT_FORMAT */
export async function readZip(file: OpenFile): Promise<ReadonlyMap<string, ZipEntry>> {
  const directory = await findDirectory(file);
  const bytes = await file.bytes(directory.position, directory.byteLength);
  const central = parseDirectory(bytes, directory.entries, file.path);
  const entries = new Map<string, ZipEntry>();
  const byPlace = central.sort((a, b) => a.header - b.header);
  for (const [i, { name, header, byteLength, crc32 }] of byPlace.entries()) {
    const end = byPlace.at(i + 1)?.header ?? directory.position;
    if (entries.has(name)) throw malformedTorch(`it has "${name}" twice`, file.path);
    const position = await dataOf(file, name, header);
    if (position + byteLength > Math.min(end, directory.position))
      throw malformedTorch(
        `its entry "${name}", ${byteLength} bytes from ${position} on, overlaps what comes next at ${end}`,
        file.path,
      );
    entries.set(name, { position, byteLength, crc32 });
  }
  return entries;
}

interface Directory {
  readonly position: number;
  readonly byteLength: number;
  readonly entries: number;
}

interface CentralEntry {
  readonly name: string;
  /** Where the local header lies. */
  readonly header: number;
  readonly byteLength: number;
  readonly crc32: number;
}

/** The end of the file says where the directory is; a file that was cut short has none. */
async function findDirectory(file: OpenFile): Promise<Directory> {
  const tail = await file.bytes(
    Math.max(0, file.size - END_BYTES - MAX_COMMENT_BYTES),
    Math.min(file.size, END_BYTES + MAX_COMMENT_BYTES),
  );
  const view = viewOf(tail);
  let at = tail.byteLength - END_BYTES;
  while (at >= 0 && !isEnd(view, at)) at--;
  if (at < 0) throw truncated(file.size + 1, file.size, file.path);
  const end = file.size - tail.byteLength + at;
  const directory = (await findDirectory64(file, end)) ?? {
    entries: view.getUint16(at + 10, true),
    byteLength: view.getUint32(at + 12, true),
    position: view.getUint32(at + 16, true),
  };
  const { position, byteLength, entries } = directory;
  if (position + byteLength > end)
    throw malformedTorch(
      `its directory, ${byteLength} bytes from ${position} on, reaches beyond its end`,
      file.path,
    );
  if (byteLength > MAX_DIRECTORY_BYTES || entries > MAX_ENTRIES)
    throw malformedTorch(
      `its directory has ${entries} entries in ${byteLength} bytes, more than weights need`,
      file.path,
    );
  return directory;
}

function isEnd(view: DataView, at: number): boolean {
  return (
    view.getUint32(at, true) === 0x06054b50 &&
    view.getUint16(at + 20, true) === view.byteLength - at - END_BYTES
  );
}

/** The zip64 directory that is told of just before the end, if one is. */
async function findDirectory64(file: OpenFile, end: number): Promise<Directory | undefined> {
  if (end < LOCATOR_BYTES) return undefined;
  const locator = viewOf(await file.bytes(end - LOCATOR_BYTES, LOCATOR_BYTES));
  if (locator.getUint32(0, true) !== 0x07064b50) return undefined;
  const position = uint64(locator, 8);
  const view = viewOf(await file.bytes(position, END64_BYTES));
  if (view.getUint32(0, true) !== 0x06064b50)
    throw malformedTorch(`its zip64 directory does not end at ${position}, as its last bytes say`, file.path);
  return { entries: uint64(view, 32), byteLength: uint64(view, 40), position: uint64(view, 48) };
}

function parseDirectory(bytes: Uint8Array, count: number, path: string): CentralEntry[] {
  const view = viewOf(bytes);
  const entries: CentralEntry[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + CENTRAL_BYTES > bytes.byteLength || view.getUint32(at, true) !== 0x02014b50)
      throw malformedTorch(`its directory has no entry ${i} of ${count}`, path);
    const nameEnd = at + CENTRAL_BYTES + view.getUint16(at + 28, true);
    const extraEnd = nameEnd + view.getUint16(at + 30, true);
    const next = extraEnd + view.getUint16(at + 32, true);
    if (next > bytes.byteLength) throw malformedTorch(`entry ${i} of its directory is cut short`, path);
    const name = new TextDecoder().decode(bytes.subarray(at + CENTRAL_BYTES, nameEnd));
    entries.push(parseEntry(name, at, view, viewOf(bytes.subarray(nameEnd, extraEnd)), path));
    at = next;
  }
  return entries;
}

function parseEntry(name: string, at: number, view: DataView, extra: DataView, path: string): CentralEntry {
  const flags = view.getUint16(at + 8, true);
  const method = view.getUint16(at + 10, true);
  const wide = zip64Numbers(extra);
  const number = (place: number) => {
    const value = view.getUint32(place, true);
    return value === 0xffffffff ? (wide.shift() ?? value) : value;
  };
  const byteLength = number(at + 24);
  const compressed = number(at + 20);
  if ((flags & ENCRYPTED) !== 0) throw malformedTorch(`its entry "${name}" is encrypted`, path);
  if (method !== 0 || compressed !== byteLength) {
    throw malformedTorch(
      `its entry "${name}" is compressed: ${compressed} bytes that would become ${byteLength}`,
      path,
      "unpack it and pack it again without compression (zip -0), or save it again with torch.save",
    );
  }
  return { name, byteLength, crc32: view.getUint32(at + 16, true), header: number(at + 42) };
}

/** The 64-bit numbers that stand for those of 0xffffffff, in their order. */
function zip64Numbers(extra: DataView): number[] {
  for (let at = 0; at + 4 <= extra.byteLength; ) {
    const length = extra.getUint16(at + 2, true);
    const end = Math.min(at + 4 + length, extra.byteLength);
    if (extra.getUint16(at, true) === ZIP64_EXTRA) {
      const numbers: number[] = [];
      for (let place = at + 4; place + 8 <= end; place += 8) numbers.push(uint64(extra, place));
      return numbers;
    }
    at = end;
  }
  return [];
}

/** Where an entry's data begins, by its local header, which must be of the same name. */
async function dataOf(file: OpenFile, name: string, header: number): Promise<number> {
  const view = viewOf(await file.bytes(header, LOCAL_BYTES));
  if (view.getUint32(0, true) !== 0x04034b50)
    throw malformedTorch(`its entry "${name}" does not begin at ${header}, as its directory says`, file.path);
  const nameBytes = view.getUint16(26, true);
  const localName = new TextDecoder().decode(await file.bytes(header + LOCAL_BYTES, nameBytes));
  if (localName !== name)
    throw malformedTorch(`its entry "${name}" is called "${localName}" where it lies`, file.path);
  return header + LOCAL_BYTES + nameBytes + view.getUint16(28, true);
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

/** Above 2^53 only near: such a number is beyond any file's end either way. */
function uint64(view: DataView, at: number): number {
  return Number(view.getBigUint64(at, true));
}
