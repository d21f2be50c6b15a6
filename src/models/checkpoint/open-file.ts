/**
 * A weight file that is read at any place, a piece at a time.
 *
 * Does not know any format, and keeps nothing of what it read.
 */
import { type FileHandle, open } from "node:fs/promises";
import { AttuneError } from "../../base/errors.ts";
import { readError } from "../../base/file-errors.ts";

/** Most bytes that one call of the system reads. */
const MAX_READ_BYTES = 2 ** 30;

export class OpenFile {
  readonly path: string;
  /** Bytes when it was opened. */
  readonly size: number;
  readonly #handle: FileHandle;

  private constructor(path: string, size: number, handle: FileHandle) {
    this.path = path;
    this.size = size;
    this.#handle = handle;
  }

  /** @throws AttuneError ERR_FILE_MISSING, ERR_NOT_READABLE, ERR_READ */
  static async open(path: string): Promise<OpenFile> {
    let handle: FileHandle | undefined;
    try {
      handle = await open(path, "r");
      const { size } = await handle.stat();
      return new OpenFile(path, size, handle);
    } catch (error) {
      await handle?.close();
      throw readError(error, path);
    }
  }

  /**
   * Opens a file for `parse`, and closes it again where that fails.
   *
   * @throws as `open`, and what `parse` throws
   */
  static async parsed<T>(path: string, parse: (file: OpenFile) => Promise<T>): Promise<T> {
    const file = await OpenFile.open(path);
    try {
      return await parse(file);
    } catch (error) {
      await file.close();
      throw readError(error, path);
    }
  }

  /**
   * Fills `target` with the bytes from `position` on.
   *
   * @throws AttuneError ERR_CHECKPOINT_TRUNCATED where the file ends before
   */
  async read(position: number, target: Uint8Array): Promise<void> {
    for (let at = 0; at < target.byteLength; ) {
      const length = Math.min(target.byteLength - at, MAX_READ_BYTES);
      const bytesRead = await this.#readSome(target, at, length, position + at);
      if (bytesRead === 0) throw truncated(position + target.byteLength, position + at, this.path);
      at += bytesRead;
    }
  }

  /** `length` bytes from `position` on, in memory of their own. @throws as `read`, before any memory is taken */
  async bytes(position: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    if (position + length > this.size) throw truncated(position + length, this.size, this.path);
    const target = new Uint8Array(length);
    await this.read(position, target);
    return target;
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  async #readSome(target: Uint8Array, at: number, length: number, position: number): Promise<number> {
    try {
      return (await this.#handle.read(target, at, length, position)).bytesRead;
    } catch (error) {
      throw readError(error, this.path);
    }
  }
}

/** The file ends before its data does: the usual end of a download or copy that was cut short. */
export function truncated(expectedBytes: number, foundBytes: number, path: string): AttuneError {
  return new AttuneError("ERR_CHECKPOINT_TRUNCATED", {
    rule: `the weight file must have all its bytes: at least ${expectedBytes}`,
    found: `found ${foundBytes}`,
    next: "download or copy it again",
    file: path,
  });
}
