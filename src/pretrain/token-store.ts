/**
 * A tokenized corpus on disk, so that it may be larger than memory.
 *
 *     tokens.bin      uint32, little endian: token ids one document after the other; bit 31 marks a token that continues
 *                     the word before it
 *     documents.bin   float64, little endian: where each document ends, in tokens
 *     meta.json       what it was made of, and how much is in it; written last. A store that is cut short counts as none
 *
 * Written once, then read by place. Does not know what a document says.
 */
import { closeSync, openSync, readSync } from "node:fs";
import { mkdir, open, readFile, rm, rmdir, stat, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { writeError } from "../base/file-errors.ts";
import { z } from "zod";
import { writeFileAtomic } from "../models/checkpoint/index.ts";

/** Marks a token that continues a word. */
export const CONTINUES = 0x80000000;

/** What a store consists of; train/checkpoint.ts removes the same files with their run. */
const FILES = ["meta.json", "documents.bin", "tokens.bin"];

const BUFFER_TOKENS = 1 << 18;

export interface StoreCounts {
  readonly tokens: number;
  readonly documents: number;
}

/** Appends documents; `finish` makes it a store. */
export class TokenStoreWriter {
  readonly #folder: string;
  readonly #file: FileHandle;
  readonly #buffer = new Uint32Array(BUFFER_TOKENS);
  readonly #ends: number[] = [];
  #buffered = 0;
  #tokens = 0;

  private constructor(folder: string, file: FileHandle) {
    this.#folder = folder;
    this.#file = file;
  }

  /** Begins a store in `folder`, in place of any that stands there; other files are left alone. */
  static async create(folder: string): Promise<TokenStoreWriter> {
    await removeStore(folder);
    await mkdir(folder, { recursive: true });
    return new TokenStoreWriter(folder, await open(join(folder, "tokens.bin"), "w"));
  }

  /** Adds a document: token ids, each with or without `CONTINUES`. @throws ERR_DISK_FULL, ERR_WRITE */
  async add(tokens: Uint32Array): Promise<void> {
    for (let done = 0; done < tokens.length; ) {
      const count = Math.min(tokens.length - done, BUFFER_TOKENS - this.#buffered);
      this.#buffer.set(tokens.subarray(done, done + count), this.#buffered);
      this.#buffered += count;
      done += count;
      if (this.#buffered === BUFFER_TOKENS) await this.#flush();
    }
    this.#tokens += tokens.length;
    this.#ends.push(this.#tokens);
  }

  /** @param meta what the store was made of: `TokenStore.open` gives it back */
  async finish(meta: Readonly<Record<string, unknown>>): Promise<StoreCounts> {
    await this.#flush();
    await this.#file.sync();
    await this.#file.close();
    const ends = Float64Array.from(this.#ends);
    await writeFileAtomic(join(this.#folder, "documents.bin"), [new Uint8Array(ends.buffer)]);
    const counts = { tokens: this.#tokens, documents: this.#ends.length };
    await writeFileAtomic(join(this.#folder, "meta.json"), JSON.stringify({ ...meta, ...counts }));
    return counts;
  }

  /** Gives up: closes the file and removes what was written. */
  async abandon(): Promise<void> {
    await this.#file.close();
    await removeStore(this.#folder);
  }

  async #flush(): Promise<void> {
    const bytes = new Uint8Array(this.#buffer.buffer, 0, 4 * this.#buffered);
    try {
      for (let done = 0; done < bytes.length; )
        done += (await this.#file.write(bytes, done, bytes.length - done)).bytesWritten;
    } catch (cause) {
      throw writeError(cause, join(this.#folder, "tokens.bin"), bytes.length);
    }
    this.#buffered = 0;
  }
}

/** A store that was finished. Reading blocks for as long as the disk takes: a few hundred bytes a sequence. */
export class TokenStore {
  readonly tokenCount: number;
  /** Where each document ends. */
  readonly ends: Float64Array;
  readonly #file: number;

  private constructor(file: number, ends: Float64Array) {
    this.#file = file;
    this.ends = ends;
    this.tokenCount = ends.at(-1) ?? 0;
  }

  /** Opens the store of `folder`, and gives its meta data; undefined where there is no whole store. */
  static async open(
    folder: string,
  ): Promise<{ readonly store: TokenStore; readonly meta: Record<string, unknown> } | undefined> {
    const [tokens, documents] = [join(folder, "tokens.bin"), join(folder, "documents.bin")];
    const meta = await readMeta(folder);
    if (meta === undefined) return undefined;
    const whole = (await sizeOf(tokens)) === 4 * Number(meta.tokens);
    if (!whole || (await sizeOf(documents)) !== 8 * Number(meta.documents)) return undefined;
    const bytes = await readFile(documents);
    const ends = new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
    return { store: new TokenStore(openSync(tokens, "r"), ends), meta };
  }

  /** `length` tokens from `start`. */
  read(start: number, length: number): Uint32Array {
    const bytes = new Uint8Array(4 * length);
    for (let done = 0; done < bytes.length; ) {
      const count = readSync(this.#file, bytes, done, bytes.length - done, 4 * start + done);
      if (count === 0) throw new RangeError(`tokens.bin ends before token ${start + length}`);
      done += count;
    }
    return new Uint32Array(bytes.buffer);
  }

  close(): void {
    closeSync(this.#file);
  }
}

async function removeStore(folder: string): Promise<void> {
  for (const name of FILES) await rm(join(folder, name), { force: true });
  await rmdir(folder).catch(() => undefined); // absent, or something else stands in it
}

async function readMeta(folder: string): Promise<Record<string, unknown> | undefined> {
  try {
    return z
      .record(z.string(), z.unknown())
      .parse(JSON.parse(await readFile(join(folder, "meta.json"), "utf8")));
  } catch {
    return undefined;
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ size }) => size,
    () => undefined,
  );
}
