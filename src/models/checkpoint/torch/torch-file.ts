/**
 * A `pytorch_model.bin`: tensors by name, as torch.save writes them, read one at a time.
 *
 * Source: torch/serialization.py of PyTorch. Two formats, told apart by their first bytes:
 *
 *     since 1.6   a zip file: ROOT/data.pkl, a pickle; ROOT/data/KEY, each storage's bytes; ROOT/byteorder
 *     before      three pickles (a magic number, a version, sizes of types), the pickle, a pickle of storage keys in
 *                 order, then for each storage its number of elements (int64) and its bytes
 *
 * Pickles are read by unpickler.ts, which runs nothing. Storages of the newer format have a CRC-32, which is checked
 * when the first tensor in it is read; the older has no checksum. Big-endian files are refused, and TorchScript, and
 * the tar files of PyTorch before 0.1.10.
 */
import { internal } from "../../../base/errors.ts";
import { OpenFile } from "../open-file.ts";
import { bytesPerElement } from "../safetensors-dtype.ts";
import {
  requireFloats,
  requireTensor,
  type IgnoredEntry,
  type StoredWeights,
  type WeightFormat,
} from "../stored-weights.ts";
import { readArchive } from "./archive.ts";
import { checkSum } from "./checksum.ts";
import { readLegacy } from "./legacy.ts";
import { malformedTorch } from "./pickle-errors.ts";
import type { TensorView } from "./pickle-values.ts";
import type { StateDict } from "./state-dict.ts";
import { readStrided } from "./strided.ts";
import type { ZipEntry } from "./zip.ts";

/** What both formats come to. */
export interface TorchContent extends StateDict {
  readonly format: WeightFormat;
  /** Where the bytes of each storage lie, by key. */
  readonly storages: ReadonlyMap<string, ZipEntry>;
}

/** A tensor as its parameter sees it, and its storage. */
export type TorchTensor = TensorView & { readonly dtype: TensorView["storage"]["dtype"] };

/**
 * Opens a file and reads what it says of its tensors; their bytes are read when asked for.
 *
 * @throws AttuneError ERR_PICKLE_REFUSED naming what the file asks for that is not weights, ERR_CHECKPOINT_FORMAT,
 *   ERR_CHECKPOINT_TRUNCATED, ERR_CHECKPOINT_CORRUPT, ERR_FILE_MISSING, ERR_NOT_READABLE
 * @example
 * await using file = await openTorchFile("pytorch_model.bin");
 * for (const [name, { dtype, shape }] of file.tensors) names.push(`${name} ${dtype} ${shape}`);
 */
export async function openTorchFile(path: string): Promise<TorchFile> {
  return OpenFile.parsed(path, async (file) => {
    const start = await file.bytes(0, Math.min(file.size, 512));
    const content = isZip(start) ? await readArchive(file) : await readLegacy(file, start);
    checkStorages(content, path);
    return new TorchFile(content, file);
  });
}

export class TorchFile implements StoredWeights {
  readonly path: string;
  readonly format: WeightFormat;
  readonly files: readonly string[];
  readonly tensors: ReadonlyMap<string, TorchTensor>;
  readonly ignored: readonly IgnoredEntry[];
  readonly #storages: ReadonlyMap<string, ZipEntry>;
  readonly #file: OpenFile;
  /** Keys of storages whose checksum was right. */
  readonly #checked = new Set<string>();

  constructor({ format, tensors, ignored, storages }: TorchContent, file: OpenFile) {
    this.path = file.path;
    this.format = format;
    this.files = [file.path];
    this.tensors = new Map(
      [...tensors].map(([name, view]) => [name, { ...view, dtype: view.storage.dtype }]),
    );
    this.ignored = ignored;
    this.#storages = storages;
    this.#file = file;
  }

  async readInto(name: string, target: Float32Array): Promise<void> {
    const view = requireTensor(this.tensors, name, this.path);
    const dtype = requireFloats(name, view, target, this.path);
    const { key } = view.storage;
    const storage = this.#storages.get(key);
    if (storage === undefined) throw internal(`storage ${key} is not there`);
    if (!this.#checked.has(key))
      await checkSum(this.#file, storage, `storage ${key}, which holds "${name}",`);
    this.#checked.add(key);
    await readStrided(view, dtype, target, (position, memory) =>
      this.#file.read(storage.position + position, memory),
    );
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** Every storage that a tensor views must be there, and as long as the pickle says. */
function checkStorages({ tensors, storages }: TorchContent, path: string): void {
  for (const [name, { storage }] of tensors) {
    const entry = storages.get(storage.key);
    if (entry === undefined)
      throw malformedTorch(`storage ${storage.key}, which holds "${name}", is not in it`, path);
    const expected = storage.elements * bytesPerElement(storage.dtype);
    if (entry.byteLength !== expected)
      throw malformedTorch(
        `storage ${storage.key}, which holds "${name}", has ${entry.byteLength} bytes, not ${expected}`,
        path,
      );
  }
}

function isZip(start: Uint8Array): boolean {
  return new TextDecoder("latin1").decode(start.subarray(0, 4)) === "PK\u0003\u0004";
}
