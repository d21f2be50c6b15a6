/**
 * A sorted table of keys and values in one file.
 *
 * Source: LevelDB's doc/table_format.md and table/format.cc, which TensorFlow's lib/io/table follows: data blocks, an
 * index block of their handles, a footer of 48 bytes. In a block, a key gives only what differs from the one before.
 *
 * Reads everything at once, for what is in it is small: names and places. Checks each block's checksum, the order of the
 * keys, and that blocks do not overlap, so that no file can ask for more memory than its size explains. Does not read
 * filter blocks.
 */
import { AttuneError } from "../../../base/errors.ts";
import { crc32c, maskCrc } from "./crc32c.ts";
import { unsnappy } from "./snappy.ts";

const FOOTER_BYTES = 48;
const MAGIC = 0xdb4775248b80fb57n;
/** A block's type and checksum, after its content. */
const TRAILER_BYTES = 5;
const MAX_BLOCK_BYTES = 16 * 2 ** 20;
/** Names are short; a chain of long ones, each repeating the last, could fill any memory. */
const MAX_KEY_BYTES = 1024;
const MAX_ENTRIES = 100_000;

/** A key and its value, both bytes. */
export type TableEntry = readonly [key: Uint8Array, value: Uint8Array];

/** @throws AttuneError ERR_CHECKPOINT_FORMAT, ERR_CHECKPOINT_CORRUPT */
export function readTable(bytes: Uint8Array, path: string): TableEntry[] {
  const file = { bytes, path };
  const footer = new Varints(bytes.subarray(Math.max(0, bytes.length - FOOTER_BYTES)), path);
  if (bytes.length < FOOTER_BYTES || footer.magic() !== MAGIC)
    throw malformedTable("it does not end as a table does, or was cut short", path);
  footer.handle(); // of the block that describes the table, where nothing is
  const entries: TableEntry[] = [];
  let covered = 0;
  for (const [, value] of readBlock(file, footer.handle())) {
    const handle = new Varints(value, path).handle();
    if (handle.offset < covered) throw malformedTable("its blocks overlap", path);
    covered = handle.offset + handle.size + TRAILER_BYTES;
    for (const entry of readBlock(file, handle)) {
      const last = entries.at(-1);
      if (last !== undefined && Buffer.compare(last[0], entry[0]) >= 0)
        throw malformedTable("its keys are not in order", path);
      entries.push(entry);
      if (entries.length > MAX_ENTRIES) throw malformedTable(`it has more than ${MAX_ENTRIES} entries`, path);
    }
  }
  return entries;
}

export function malformedTable(found: string, path: string): AttuneError {
  return new AttuneError("ERR_CHECKPOINT_FORMAT", {
    rule: "the index of a TensorFlow checkpoint must be as tf.train.Saver writes it",
    found,
    next: "download or copy it again",
    file: path,
  });
}

export function corrupt(what: string, path: string): AttuneError {
  return new AttuneError("ERR_CHECKPOINT_CORRUPT", {
    rule: "the bytes of a weight file must be those that were written",
    found: `${what} has another checksum`,
    next: "download or copy it again",
    file: path,
  });
}

interface TableFile {
  readonly bytes: Uint8Array;
  readonly path: string;
}

/** Where a block lies: `size` leaves its trailer out. */
interface BlockHandle {
  readonly offset: number;
  readonly size: number;
}

function readBlock({ bytes, path }: TableFile, { offset, size }: BlockHandle): TableEntry[] {
  const end = offset + size;
  if (end + TRAILER_BYTES > bytes.length - FOOTER_BYTES)
    throw malformedTable(`a block reaches to byte ${end}`, path);
  const type = bytes[end];
  const sum = new DataView(bytes.buffer, bytes.byteOffset + end + 1, 4).getUint32(0, true);
  if (maskCrc(crc32c(bytes.subarray(offset, end + 1))) !== sum)
    throw corrupt(`the block at byte ${offset}`, path);
  const stored = bytes.subarray(offset, end);
  const content = type === 0 ? stored : type === 1 ? unsnappy(stored, MAX_BLOCK_BYTES) : undefined;
  if (content === undefined)
    throw malformedTable(`the block at byte ${offset} cannot be unpacked (type ${type})`, path);
  return parseBlock(content, path);
}

/** Entries, then where those lie that give their whole key, then how many those are. */
function parseBlock(content: Uint8Array, path: string): TableEntry[] {
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  const restarts = content.length < 4 ? Number.POSITIVE_INFINITY : view.getUint32(content.length - 4, true);
  const end = content.length - 4 - 4 * restarts;
  if (end < 0) throw malformedTable("a block is too short for what it says of itself", path);
  const reader = new Varints(content.subarray(0, end), path);
  const entries: TableEntry[] = [];
  let key = new Uint8Array();
  while (!reader.done) {
    const shared = reader.number();
    const added = reader.number();
    const valueBytes = reader.number();
    if (shared > key.length || shared + added > MAX_KEY_BYTES)
      throw malformedTable("a key is longer than a name is", path);
    const next = new Uint8Array(shared + added);
    next.set(key.subarray(0, shared));
    next.set(reader.take(added), shared);
    key = next;
    entries.push([key, reader.take(valueBytes)]);
    if (entries.length > MAX_ENTRIES)
      throw malformedTable(`a block has more than ${MAX_ENTRIES} entries`, path);
  }
  return entries;
}

/** Numbers of 7 bits a byte, never beyond the end. */
class Varints {
  readonly #bytes: Uint8Array;
  readonly #path: string;
  #at = 0;

  constructor(bytes: Uint8Array, path: string) {
    this.#bytes = bytes;
    this.#path = path;
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  number(): number {
    let value = 0;
    for (let scale = 1; scale <= 2 ** 49; scale *= 128) {
      const [byte] = this.take(1);
      value += (byte & 0x7f) * scale;
      if (byte < 0x80 && Number.isSafeInteger(value)) return value;
    }
    throw malformedTable("a number in it is larger than any file", this.#path);
  }

  handle(): BlockHandle {
    return { offset: this.number(), size: this.number() };
  }

  take(length: number): Uint8Array {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw malformedTable("it ends inside an entry", this.#path);
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  /** The last 8 bytes. */
  magic(): bigint {
    const { buffer, byteOffset, byteLength } = this.#bytes;
    return byteLength < 8 ? 0n : new DataView(buffer, byteOffset + byteLength - 8, 8).getBigUint64(0, true);
  }
}
