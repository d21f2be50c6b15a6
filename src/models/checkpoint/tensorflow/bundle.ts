/**
 * What the index of a TensorFlow checkpoint says of each variable.
 *
 * Source: TensorFlow's core/protobuf/tensor_bundle.proto (field numbers), core/framework/tensor_shape.proto and
 * types.proto (numbers of types), and util/tensor_bundle/tensor_bundle.cc: the key "" has the header, any other key is
 * a variable's name.
 *
 * Refuses variables in slices (`tf.fixed_size_partitioner`), big-endian files, and the object graphs of TensorFlow 2.
 */
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { AttuneError } from "../../../base/errors.ts";
import type { SafetensorsDtype } from "../safetensors-dtype.ts";
import { malformedTable, readTable, type TableEntry } from "./sstable.ts";

export interface BundleEntry {
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  /** Number of the data file. */
  readonly shard: number;
  readonly offset: number;
  readonly byteLength: number;
  /** Masked CRC-32C of the bytes. */
  readonly crc32c: number;
}

export interface Bundle {
  readonly shards: number;
  readonly entries: ReadonlyMap<string, BundleEntry>;
}

/** Numbers of types.proto, as far as tensors of numbers go. */
const dtypes: ReadonlyMap<number, SafetensorsDtype> = new Map([
  [1, "F32"],
  [2, "F64"],
  [3, "I32"],
  [4, "U8"],
  [5, "I16"],
  [6, "I8"],
  [9, "I64"],
  [10, "BOOL"],
  [14, "BF16"],
  [17, "U16"],
  [19, "F16"],
  [22, "U32"],
  [23, "U64"],
]);
const MAX_SHARDS = 1024;
const OBJECT_GRAPH = /\/\.ATTRIBUTES\/|^_CHECKPOINTABLE_OBJECT_GRAPH$/;

/** @throws AttuneError ERR_CHECKPOINT_FORMAT, ERR_CHECKPOINT_CORRUPT, ERR_CHECKPOINT_DTYPE */
export function readBundle(index: Uint8Array, path: string): Bundle {
  const [header, ...variables] = readTable(index, path);
  if (header === undefined || header[0].length > 0) throw malformedTable("it has no header", path);
  const shards = parsed("its header", path, () => parseHeader(header[1], path));
  const entries = new Map<string, BundleEntry>();
  for (const variable of variables) {
    const name = new TextDecoder().decode(variable[0]);
    if (OBJECT_GRAPH.test(name)) throw objectGraph(name, path);
    const entry = parsed(`"${name}"`, path, () => parseEntry(name, variable, path));
    if (entry.shard >= shards)
      throw malformedTable(`"${name}" is in data file ${entry.shard} of ${shards}`, path);
    entries.set(name, entry);
  }
  return { shards, entries };
}

/** BundleHeaderProto: the number of data files. */
function parseHeader(bytes: Uint8Array, path: string): number {
  let shards = 0;
  for (const { field, reader } of fieldsOf(bytes, [1, 2])) {
    const value = reader.int32();
    if (field === 1) shards = value;
    else if (value !== 0) throw malformedTable("it was written on a big-endian machine", path);
  }
  if (shards < 1 || shards > MAX_SHARDS) throw malformedTable(`it tells of ${shards} data files`, path);
  return shards;
}

/** BundleEntryProto. */
function parseEntry(name: string, [, bytes]: TableEntry, path: string): BundleEntry {
  const numbers = { type: 0, shard: 0, offset: 0, byteLength: 0, crc32c: 0 };
  let shape: readonly number[] = [];
  for (const { field, reader } of fieldsOf(bytes, [1, 2, 3, 4, 5, 6, 7])) {
    if (field === 1) numbers.type = reader.int32();
    else if (field === 2) shape = parseShape(reader.bytes());
    else if (field === 3) numbers.shard = reader.int32();
    else if (field === 4) numbers.offset = Number(reader.int64());
    else if (field === 5) numbers.byteLength = Number(reader.int64());
    else if (field === 6) numbers.crc32c = reader.fixed32();
    else throw malformedTable(`"${name}" is cut into slices over several data files`, path);
  }
  const { type, ...place } = numbers;
  const dtype = dtypes.get(type);
  if (dtype === undefined) throw unknownType(name, type, path);
  const counts = [...shape, place.shard, place.offset, place.byteLength];
  if (!counts.every((count) => Number.isSafeInteger(count) && count >= 0))
    throw malformedTable(`"${name}" has a size or place that is no count`, path);
  return { dtype, shape, ...place };
}

/** TensorShapeProto: sizes by axis. */
function parseShape(bytes: Uint8Array): number[] {
  const shape: number[] = [];
  for (const { reader } of fieldsOf(bytes, [2])) {
    let size = 0;
    for (const { reader: dim } of fieldsOf(reader.bytes(), [1])) size = Number(dim.int64());
    shape.push(size);
  }
  return shape;
}

/** Each of the `wanted` fields in turn, to be read from the reader; the others are passed over. */
function* fieldsOf(
  bytes: Uint8Array,
  wanted: readonly number[],
): Generator<{ readonly field: number; readonly reader: BinaryReader }> {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (wanted.includes(field)) yield { field, reader };
    else if (wireType === WireType.StartGroup) throw new Error("groups are not used");
    else reader.skip(wireType);
  }
}

/** What the protobuf reader throws is told as what it is: a broken file. */
function parsed<T>(what: string, path: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof AttuneError) throw error;
    throw malformedTable(
      `${what} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      path,
    );
  }
}

function unknownType(name: string, type: number, file: string): AttuneError {
  return new AttuneError("ERR_CHECKPOINT_DTYPE", {
    rule: "variables must be of a type that can be read: floating-point or whole numbers",
    found: `"${name}" is of TensorFlow's type ${type}`,
    next: "convert the checkpoint to float32 first",
    file,
  });
}

function objectGraph(name: string, file: string): AttuneError {
  return new AttuneError("ERR_CHECKPOINT_FORMAT", {
    rule: "a TensorFlow checkpoint must have its variables by name, as Google's BERT releases do",
    found: `"${name}", which is of a TensorFlow 2 object graph`,
    next: "load it in transformers and save it with save_pretrained",
    file,
  });
}
