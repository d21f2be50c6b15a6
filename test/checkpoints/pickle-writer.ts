/**
 * Pickles put together opcode by opcode, for the tests of what is refused, and the files that carry them.
 *
 * Source: Python's pickletools.py; the shapes of hostile ones are those that public scanners of model files (picklescan,
 * fickling, modelscan) test themselves with.
 */
import { crc32 } from "node:zlib";

/** A piece of a pickle: bytes, or text in Latin-1. */
export type Piece = string | Uint8Array | readonly number[];

export const bytes = (...pieces: readonly Piece[]): Buffer =>
  Buffer.concat(
    pieces.map((piece) => (typeof piece === "string" ? Buffer.from(piece, "latin1") : Buffer.from(piece))),
  );

const uint32 = (value: number) => [
  value & 0xff,
  (value >> 8) & 0xff,
  (value >> 16) & 0xff,
  (value >>> 24) & 0xff,
];

/** Opcodes by their names in pickletools.py. */
export const op = {
  proto: (version = 2) => bytes([0x80, version]),
  stop: bytes("."),
  mark: bytes("("),
  none: bytes("N"),
  int: (value: number) => bytes("J", uint32(value)),
  text: (text: string) => bytes("X", uint32(Buffer.byteLength(text)), Buffer.from(text)),
  shortText: (text: string) => bytes([0x8c, Buffer.byteLength(text)], Buffer.from(text)),
  emptyTuple: bytes(")"),
  tuple: bytes("t"),
  tuple1: bytes([0x85]),
  tuple2: bytes([0x86]),
  emptyDict: bytes("}"),
  emptyList: bytes("]"),
  setItem: bytes("s"),
  setItems: bytes("u"),
  append: bytes("a"),
  appends: bytes("e"),
  pop: bytes("0"),
  put: (index: number) => bytes("q", [index]),
  get: (index: number) => bytes("h", [index]),
  longGet: (index: number) => bytes("j", uint32(index)),
  global: (module: string, name: string) => bytes("c", module, "\n", name, "\n"),
  stackGlobal: bytes([0x93]),
  inst: (module: string, name: string) => bytes("i", module, "\n", name, "\n"),
  obj: bytes("o"),
  reduce: bytes("R"),
  build: bytes("b"),
  newObj: bytes([0x81]),
  newObjEx: bytes([0x92]),
  persId: (id: string) => bytes("P", id, "\n"),
  binPersId: bytes("Q"),
} as const;

/** A call of a global with texts, as most payloads have it. */
export const call = (module: string, name: string, ...args: readonly string[]): Buffer =>
  bytes(op.global(module, name), op.mark, ...args.map(op.text), op.tuple, op.reduce);

/** A storage's persistent id on the stack. */
export const storageId = (
  type: string,
  key: string,
  elements: number | Buffer,
  ...more: readonly Piece[]
): Buffer =>
  bytes(
    op.mark,
    op.text("storage"),
    op.global("torch", type),
    op.text(key),
    op.text("cpu"),
    typeof elements === "number" ? op.int(elements) : elements,
    ...more,
    op.tuple,
  );

export interface TensorOptions {
  readonly type?: string;
  readonly key?: string;
  readonly elements?: number | Buffer;
  readonly offset?: number | Buffer;
  readonly shape?: readonly (number | Buffer)[];
  readonly stride?: readonly (number | Buffer)[];
  /** After the storage's number of elements: view metadata. */
  readonly view?: readonly Piece[];
}

/** A tensor on the stack. */
export function tensor(options: TensorOptions = {}): Buffer {
  const {
    type = "FloatStorage",
    key = "0",
    elements = 4,
    offset = 0,
    shape = [2, 2],
    stride = [2, 1],
    view,
  } = options;
  const number = (value: number | Buffer) => (typeof value === "number" ? op.int(value) : value);
  return bytes(
    op.global("torch._utils", "_rebuild_tensor_v2"),
    op.mark,
    storageId(type, key, elements, ...(view ?? [])),
    op.binPersId,
    number(offset),
    bytes(op.mark, ...shape.map(number), op.tuple),
    bytes(op.mark, ...stride.map(number), op.tuple),
    bytes([0x89]),
    bytes(op.global("collections", "OrderedDict"), op.emptyTuple, op.reduce),
    op.tuple,
    op.reduce,
  );
}

/** A whole pickle: a dict with one entry. */
export const dictOf = (name: string, value: Buffer): Buffer =>
  bytes(op.proto(), op.emptyDict, op.text(name), value, op.setItem, op.stop);

export interface ZipFileEntry {
  readonly name: string;
  readonly data: Uint8Array;
  readonly method?: number;
  readonly flags?: number;
  /** What the directory says of the size, where it lies. */
  readonly claimedBytes?: number;
  /** What the directory says of the place, where it lies. */
  readonly claimedPlace?: number;
  /** The name before the data, where it differs. */
  readonly localName?: string;
}

/** A zip file of stored entries, true or false; `zip64` has its sizes and places in 64 bits, as those above 4 GB. */
export function zip(entries: readonly ZipFileEntry[], { zip64 = false } = {}): Buffer {
  const files: Buffer[] = [];
  const directory: Buffer[] = [];
  let place = 0;
  for (const { name, data, method = 0, flags = 0, claimedBytes, claimedPlace, localName } of entries) {
    const start = claimedPlace ?? place;
    const extra = zip64 ? bytes([1, 0, 24, 0], ...[data.length, data.length, start].map(uint64)) : bytes();
    const sum = uint32(crc32(data));
    const sizes = bytes(sum, uint32(data.length), uint32(claimedBytes ?? data.length));
    const before = Buffer.from(localName ?? name);
    const kind = bytes(uint16(flags), uint16(method), [0, 0, 0, 0]);
    const file = bytes("PK\u0003\u0004", [20, 0], kind, sizes, uint16(before.length), [0, 0], before, data);
    directory.push(
      bytes(
        "PK\u0001\u0002",
        [20, 0, 20, 0],
        kind,
        zip64 ? bytes(sum, BEYOND, BEYOND) : sizes,
        uint16(Buffer.byteLength(name)),
        uint16(extra.length),
        Buffer.alloc(10),
        zip64 ? BEYOND : uint32(start),
        Buffer.from(name),
        extra,
      ),
    );
    files.push(file);
    place += file.length;
  }
  const central = Buffer.concat(directory);
  const count = entries.length;
  const end64 = bytes(
    "PK\u0006\u0006",
    [44, 0, 0, 0, 0, 0, 0, 0, 45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    ...[count, count, central.length, place].map(uint64),
  );
  const locator = bytes("PK\u0006\u0007", [0, 0, 0, 0], uint64(place + central.length), [1, 0, 0, 0]);
  const [many, size, at] = zip64
    ? [[0xff, 0xff], BEYOND, BEYOND]
    : [uint16(count), uint32(central.length), uint32(place)];
  const end = bytes("PK\u0005\u0006", [0, 0, 0, 0], many, many, size, at, [0, 0]);
  return Buffer.concat([...files, central, ...(zip64 ? [end64, locator] : []), end]);
}

/** What stands in 32 bits where the number is in the zip64 fields. */
const BEYOND = [0xff, 0xff, 0xff, 0xff];

const uint16 = (value: number) => [value & 0xff, value >> 8];

const uint64 = (value: number) => [...uint32(value), 0, 0, 0, 0];

/** torch.save's zip file with this pickle and one storage of four floats. */
export const archive = (pickle: Uint8Array, more: readonly ZipFileEntry[] = []): Buffer =>
  zip([
    { name: "archive/data.pkl", data: pickle },
    { name: "archive/data/0", data: Buffer.from(Float32Array.of(1, 2, 3, 4).buffer) },
    { name: "archive/version", data: bytes("3\n") },
    ...more,
  ]);

/** torch.save's file before 1.6 with this pickle, and four floats for each of the keys. */
export function legacy(pickle: Uint8Array, keys: readonly string[] = ["0"]): Buffer {
  const system = bytes(op.proto(), op.emptyDict, op.text("little_endian"), [0x88], op.setItem, op.stop);
  const list = bytes(op.proto(), op.emptyList, ...keys.flatMap((key) => [op.text(key), op.append]), op.stop);
  const storage = bytes([4, 0, 0, 0, 0, 0, 0, 0], new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer));
  return bytes(legacyStart, system, pickle, list, ...keys.map(() => storage));
}

/** The magic number and the version. */
export const legacyStart = bytes(
  op.proto(),
  [0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19],
  op.stop,
  op.proto(),
  "M",
  [0xe9, 3],
  op.stop,
);
