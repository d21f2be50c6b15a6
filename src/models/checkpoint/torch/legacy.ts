/** PyTorch's format before 1.6: pickles one after the other, then the storages. See torch-file.ts. */
import { truncated, type OpenFile } from "../open-file.ts";
import { bytesPerElement } from "../safetensors-dtype.ts";
import { PickleEnds } from "./pickle-cursor.ts";
import { malformedTorch } from "./pickle-errors.ts";
import { isKind, kindOf, type PickleValue, type StorageRef } from "./pickle-values.ts";
import { stateDict } from "./state-dict.ts";
import type { TorchContent } from "./torch-file.ts";
import { torchWorld } from "./torch-world.ts";
import { MAX_PICKLE_BYTES, unpickle, type World } from "./unpickler.ts";
import type { ZipEntry } from "./zip.ts";

const MAGIC_NUMBER = 0x1950a86a20f9469cfc6cn;
const PROTOCOL_VERSION = 1001;
const FIRST_READ_BYTES = 2 ** 20;
/** The number of elements before each storage's bytes. */
const COUNT_BYTES = 8;

/** @param start the first bytes of the file */
export async function readLegacy(file: OpenFile, start: Uint8Array): Promise<TorchContent> {
  checkStart(start, file.path);
  const { value, keys, storages, end } = await readPickles(file);
  return {
    format: "PyTorch before 1.6",
    ...stateDict(value, file.path),
    storages: await locate(file, keys, storages, end),
  };
}

interface Pickles {
  readonly value: PickleValue;
  /** In the order of their bytes. */
  readonly keys: readonly string[];
  readonly storages: ReadonlyMap<string, StorageRef>;
  /** Where the last pickle ends. */
  readonly end: number;
}

/** Reads as much of the file as the pickles need: a little at first, for the rest is tensors. */
async function readPickles(file: OpenFile): Promise<Pickles> {
  for (let length = FIRST_READ_BYTES; ; length *= 8) {
    const bytes = await file.bytes(0, Math.min(length, file.size, MAX_PICKLE_BYTES));
    try {
      return parsePickles(bytes, file.path);
    } catch (error) {
      if (!(error instanceof PickleEnds)) throw error;
      if (bytes.byteLength === file.size) throw malformedTorch("its pickle is cut short", file.path);
      if (bytes.byteLength === MAX_PICKLE_BYTES)
        throw malformedTorch(`its pickle has more than ${MAX_PICKLE_BYTES} bytes`, file.path);
    }
  }
}

function parsePickles(bytes: Uint8Array, path: string): Pickles {
  const storages = new Map<string, StorageRef>();
  const world = remembering(storages, torchWorld(path), path);
  let end = 0;
  const next = (): PickleValue => {
    const pickle = unpickle(bytes, end, world, path);
    end = pickle.end;
    return pickle.value;
  };
  if (next() !== MAGIC_NUMBER) throw malformedTorch("it is a pickle, and not one of torch.save", path);
  const version = next();
  if (version !== PROTOCOL_VERSION)
    throw malformedTorch(`its version is ${kindOf(version)}, not ${PROTOCOL_VERSION}`, path);
  checkSystem(next(), path);
  const value = next();
  const keys = next();
  if (!isKind(keys, "list")) throw malformedTorch("it has no list of its storages", path);
  const names = keys.items.map((key) => {
    if (typeof key === "string") return key;
    throw malformedTorch(`a storage is named by a ${kindOf(key)}`, path);
  });
  if (new Set(names).size !== names.length) throw malformedTorch("it lists a storage twice", path);
  return { value, keys: names, storages, end };
}

/** A world that keeps the storages which it was asked for. */
function remembering(storages: Map<string, StorageRef>, world: World, path: string): World {
  return {
    ...world,
    load(id) {
      const value = world.load(id);
      if (!isKind(value, "storage")) return value;
      const earlier = storages.get(value.key) ?? value;
      if (earlier.dtype !== value.dtype || earlier.elements !== value.elements)
        throw malformedTorch(`storage ${value.key} is told of in two ways`, path);
      storages.set(value.key, value);
      return value;
    },
  };
}

/** The places of the storages; the number of elements that stands before each must be the one that the pickle gives. */
async function locate(
  file: OpenFile,
  keys: readonly string[],
  storages: ReadonlyMap<string, StorageRef>,
  start: number,
): Promise<Map<string, ZipEntry>> {
  const places = new Map<string, ZipEntry>();
  let position = start;
  for (const key of keys) {
    const storage = storages.get(key);
    if (storage === undefined)
      throw malformedTorch(`nothing says of which type storage ${key} is`, file.path);
    const count = await file.bytes(position, COUNT_BYTES);
    const elements = new DataView(count.buffer).getBigInt64(0, true);
    if (elements !== BigInt(storage.elements))
      throw malformedTorch(`storage ${key} has ${elements} elements, not ${storage.elements}`, file.path);
    const byteLength = storage.elements * bytesPerElement(storage.dtype);
    places.set(key, { position: position + COUNT_BYTES, byteLength, crc32: 0 });
    position += COUNT_BYTES + byteLength;
  }
  if (position > file.size) throw truncated(position, file.size, file.path);
  if (position < file.size)
    throw malformedTorch(`${file.size - position} bytes follow the last storage`, file.path);
  return places;
}

/** { protocol_version, little_endian, type_sizes } */
function checkSystem(system: PickleValue, path: string): void {
  const little = isKind(system, "dict") ? system.entries.get("little_endian") : undefined;
  if (little === true) return;
  throw malformedTorch(
    little === false ? "it was written on a big-endian machine" : "it does not say its byte order",
    path,
    "save it again on a little-endian machine, such as any x86 or ARM",
  );
}

/** Things that people have under the name of a weight file. */
function checkStart(start: Uint8Array, path: string): void {
  const text = new TextDecoder("latin1").decode(start);
  if (start[0] === 0x80) return;
  if (text.startsWith("version https://git-lfs"))
    throw malformedTorch("it is a Git LFS pointer", path, "fetch the file itself: git lfs pull");
  if (/^\s*</.test(text))
    throw malformedTorch("it is a web page", path, "download the file itself, not the page about it");
  if (text.slice(257, 262) === "ustar")
    throw malformedTorch(
      "it is a tar file, as of PyTorch before 0.1.10",
      path,
      "save it again with a newer PyTorch",
    );
  throw malformedTorch(
    start.byteLength === 0 ? "it is empty" : "it is neither a zip file nor a pickle",
    path,
  );
}
