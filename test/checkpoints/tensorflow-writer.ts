/**
 * Writes TensorFlow checkpoints for the tests of their reader: an index (LevelDB's table format) and data files.
 *
 * Source: as the reader's, src/models/checkpoint/tensorflow. Blocks are small, so that even a few variables make several.
 */
import { writeFileSync } from "node:fs";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { crc32c, maskCrc } from "../../src/models/checkpoint/tensorflow/crc32c.ts";

export interface Variable {
  readonly shape: readonly number[];
  readonly values: readonly number[];
  /** TensorFlow's number of the type; default 1, float32. */
  readonly type?: number;
  readonly shard?: number;
  /** Writes a slice into the entry. */
  readonly sliced?: boolean;
}

export interface WriterOptions {
  /** Data files; default 1. */
  readonly shards?: number;
  /** Compress blocks with Snappy; default false. */
  readonly snappy?: boolean;
  /** Entries before a block ends; default 5. */
  readonly blockEntries?: number;
  readonly bigEndian?: boolean;
}

/** Writes `PREFIX.index` and `PREFIX.data-...`. */
export function writeTensorFlow(
  prefix: string,
  variables: Readonly<Record<string, Variable>>,
  options: WriterOptions = {},
): void {
  const { shards = 1, bigEndian = false } = options;
  const data = Array.from({ length: shards }, (): Uint8Array[] => []);
  const entries: [string, Uint8Array][] = [["", header(shards, bigEndian)]];
  for (const name of Object.keys(variables).sort()) {
    const variable = variables[name];
    const pieces = data[variable.shard ?? 0];
    const bytes = encodeValues(variable);
    const offset = pieces.reduce((sum, piece) => sum + piece.length, 0);
    pieces.push(bytes);
    entries.push([name, entry(variable, offset, bytes)]);
  }
  writeFileSync(`${prefix}.index`, encodeTable(entries, options));
  for (const [i, pieces] of data.entries()) {
    const digits = (value: number) => String(value).padStart(5, "0");
    writeFileSync(`${prefix}.data-${digits(i)}-of-${digits(shards)}`, Buffer.concat(pieces));
  }
}

/** A whole table: data blocks, an empty block, the index block, the footer. */
export function encodeTable(
  entries: readonly (readonly [string, Uint8Array])[],
  { snappy = false, blockEntries = 5 }: WriterOptions = {},
): Uint8Array {
  const parts: Uint8Array[] = [];
  let size = 0;
  const add = (content: Uint8Array): Uint8Array => {
    const stored = snappy ? compress(content) : content;
    const block = Buffer.concat([stored, Uint8Array.of(snappy ? 1 : 0)]);
    const handle = concatVarints(size, stored.length);
    parts.push(block, uint32(maskCrc(crc32c(block))));
    size += block.length + 4;
    return handle;
  };
  const handles: [string, Uint8Array][] = [];
  for (let i = 0; i < entries.length; i += blockEntries) {
    const some = entries.slice(i, i + blockEntries);
    handles.push([`${some.at(-1)?.[0] ?? ""}\u0000`, add(encodeBlock(some))]);
  }
  const meta = add(encodeBlock([]));
  const index = add(encodeBlock(handles));
  const footer = new Uint8Array(48);
  footer.set(Buffer.concat([meta, index]));
  footer.set([0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb], 40);
  return Buffer.concat([...parts, footer]);
}

/** Entries whose keys share what they can with the one before; one place where a key is whole: the first. */
function encodeBlock(entries: readonly (readonly [string, Uint8Array])[]): Uint8Array {
  let last = "";
  const parts = entries.map(([key, value]) => {
    let shared = 0;
    while (shared < Math.min(key.length, last.length) && key[shared] === last[shared]) shared++;
    last = key;
    const rest = Buffer.from(key.slice(shared));
    return Buffer.concat([concatVarints(shared, rest.length, value.length), rest, value]);
  });
  return Buffer.concat([...parts, uint32(0), uint32(1)]);
}

/** Snappy with the copies that the format has: runs of 4 to 64 bytes that stood before become one. */
export function compress(input: Uint8Array): Uint8Array {
  const out: Uint8Array[] = [concatVarints(input.length)];
  const seen = new Map<string, number>();
  let start = 0;
  const flush = (end: number) => {
    for (let at = start; at < end; at += 60) {
      const piece = input.subarray(at, Math.min(end, at + 60));
      out.push(Uint8Array.of((piece.length - 1) << 2), piece);
    }
  };
  for (let at = 0; at + 4 <= input.length; ) {
    const key = input.subarray(at, at + 4).join();
    const before = seen.get(key);
    seen.set(key, at);
    if (before === undefined || at - before > 0xffff) {
      at++;
      continue;
    }
    let length = 4;
    while (length < 64 && at + length < input.length && input[before + length] === input[at + length])
      length++;
    flush(at);
    const offset = at - before;
    out.push(
      length < 12 && offset < 2048
        ? Uint8Array.of(1 | ((length - 4) << 2) | ((offset >> 8) << 5), offset & 0xff)
        : Uint8Array.of(2 | ((length - 1) << 2), offset & 0xff, offset >> 8),
    );
    at += length;
    start = at;
  }
  flush(input.length);
  return Buffer.concat(out);
}

function header(shards: number, bigEndian: boolean): Uint8Array {
  const writer = new BinaryWriter().tag(1, WireType.Varint).int32(shards);
  if (bigEndian) writer.tag(2, WireType.Varint).int32(1);
  // a version, which the reader passes over
  return writer.tag(3, WireType.LengthDelimited).bytes(Uint8Array.of(8, 1)).finish();
}

function entry(
  { type = 1, shape, shard = 0, sliced }: Variable,
  offset: number,
  bytes: Uint8Array,
): Uint8Array {
  const sizes = new BinaryWriter();
  for (const size of shape) {
    sizes
      .tag(2, WireType.LengthDelimited)
      .bytes(new BinaryWriter().tag(1, WireType.Varint).int64(size).finish());
  }
  const writer = new BinaryWriter()
    .tag(1, WireType.Varint)
    .int32(type)
    .tag(2, WireType.LengthDelimited)
    .bytes(sizes.finish());
  if (shard > 0) writer.tag(3, WireType.Varint).int32(shard);
  writer.tag(4, WireType.Varint).int64(offset).tag(5, WireType.Varint).int64(bytes.length);
  writer.tag(6, WireType.Bit32).fixed32(maskCrc(crc32c(bytes)));
  if (sliced === true) writer.tag(7, WireType.LengthDelimited).bytes(new Uint8Array());
  return writer.finish();
}

function encodeValues({ type = 1, values }: Variable): Uint8Array {
  const array = type === 1 ? Float32Array.from(values) : BigInt64Array.from(values, BigInt);
  return new Uint8Array(array.buffer);
}

function concatVarints(...numbers: number[]): Uint8Array {
  const writer = new BinaryWriter();
  for (const number of numbers) writer.uint32(number);
  return writer.finish();
}

function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}
