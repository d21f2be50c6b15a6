/**
 * Files and flat folders that are there whole or not at all, whenever the process or the machine stops.
 *
 * A file is written under a temporary name beside its place, flushed to the disk, then renamed: POSIX rename(2) puts
 * the new file in the old one's place in one step. A folder that is new is treated likewise.
 *
 * A folder that exists cannot be replaced by one rename, and may hold other things (`checkpoints/`). Its new files are
 * written to a temporary folder inside it, which is then renamed to `.commit`: from that instant the folder holds the
 * new version, and `currentFile` finds it. Moving the files from `.commit` to their places follows at once; where that
 * was cut short, the next write there finishes it. So readers that know `.commit` see all old files or all new ones; other
 * programs could see a mixture only if the move itself, a few renames, was cut short.
 *
 * Does not lock: one process at a time may write a folder. A process that is killed can leave a temporary file named
 * `.NAME.XXXXXXXX.tmp`, which is safe to delete; those of a folder are deleted by its next write.
 */
import { randomUUID } from "node:crypto";
import { access, type FileHandle, mkdir, open, readdir, rename, rm, rmdir } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { AttuneError } from "../../base/errors.ts";
import { isMissing, writeError } from "../../base/file-errors.ts";

/** Text is written as UTF-8; byte arrays one after the other. */
export type FileContent = string | readonly Uint8Array[];

const COMMIT = ".commit";
/** The end of a temporary name. */
const UNIQUE = /^[0-9a-f]{8}\.tmp$/;

/**
 * Writes a file; on any failure the earlier file stays as it was and the temporary one is removed.
 *
 * @throws AttuneError ERR_DISK_FULL, ERR_NOT_WRITABLE, ERR_WRITE naming the file and its bytes; ERR_WRITE_UNFINISHED where
 *   something stands in the way of a folder's committed files
 * @example
 * await writeFileAtomic("run.json", JSON.stringify({ seed: 1 }));
 */
export async function writeFileAtomic(path: string, content: FileContent): Promise<void> {
  const chunks = toChunks(content);
  const temporary = temporaryBeside(path);
  try {
    // Committed files that still wait for their move would otherwise cover or replace this one.
    await settle(dirname(path));
    await writeFlushed(temporary, chunks);
    await rename(temporary, path);
    await flushFolder(dirname(path));
  } catch (error) {
    await remove(temporary);
    throw writeError(error, path, countBytes(chunks));
  }
}

/**
 * Writes the files of a folder together: afterwards, or after a crash at any point, the folder has all of them or none.
 * Files of other names that stand there are kept.
 *
 * @param path the folder; it and those above it are created
 * @param files content by file name, without sub-folders
 * @throws AttuneError ERR_DISK_FULL, ERR_NOT_WRITABLE, ERR_WRITE naming the file and its bytes; ERR_WRITE_UNFINISHED where
 *   something stands in the way of a folder's committed files
 * @example
 * await writeFolderAtomic("checkpoints/step-40", { "state.json": '{"step":40}' });
 */
export async function writeFolderAtomic(
  path: string,
  files: Readonly<Record<string, FileContent>>,
): Promise<void> {
  const folder = resolve(path);
  const exists = await isThere(folder);
  const place = exists ? join(folder, COMMIT) : folder;
  const stage = temporaryBeside(place);
  const entries = Object.entries(files).map(([name, content]) => ({ name, chunks: toChunks(content) }));
  try {
    await mkdir(dirname(folder), { recursive: true });
    if (exists) await settle(folder);
    await removeStale(place);
    await mkdir(stage);
    for (const { name, chunks } of entries) {
      await writeFlushed(join(stage, name), chunks).catch((error: unknown) => {
        throw writeError(error, join(path, name), countBytes(chunks));
      });
    }
    await flushFolder(stage);
    await rename(stage, place);
    await flushFolder(dirname(place));
  } catch (error) {
    await remove(stage);
    throw writeError(error, path, countBytes(entries.flatMap(({ chunks }) => chunks)));
  }
  if (exists) await settle(folder);
}

/**
 * Makes a new folder, with sub-folders as may be: it is there once `fill` has written all of it, and not before. On any
 * failure nothing is left; what a killed process left is deleted by the next attempt.
 *
 * @param path where nothing stands, or an empty folder; the folders above it are created
 * @param fill given the folder to write into, which lies beside `path`
 * @throws AttuneError ERR_DISK_FULL, ERR_NOT_WRITABLE, ERR_WRITE naming the folder; what `fill` throws
 * @example
 * await createFolderAtomic("handoff", (stage) => writeFile(join(stage, "README.md"), "# Read me"));
 */
export async function createFolderAtomic(
  path: string,
  fill: (stage: string) => Promise<void>,
): Promise<void> {
  const folder = resolve(path);
  const stage = temporaryBeside(folder);
  try {
    await mkdir(dirname(folder), { recursive: true });
    await removeStale(folder);
    await mkdir(stage);
    await fill(stage);
    await rmdir(folder).catch(() => undefined); // absent, or empty
    await rename(stage, folder);
    await flushFolder(dirname(folder));
  } catch (error) {
    await remove(stage);
    throw writeError(error, path);
  }
}

/** Where the current version of a file of such a folder is; the file itself may be absent. */
export async function currentFile(folder: string, name: string): Promise<string> {
  const committed = join(folder, COMMIT, name);
  return (await isThere(committed)) ? committed : join(folder, name);
}

/** The names in a folder, those included that are committed and still wait for their move; sorted. */
export async function listFolder(folder: string): Promise<string[]> {
  const names = await readdir(folder);
  const committed = names.includes(COMMIT) ? await readdir(join(folder, COMMIT)) : [];
  return [...new Set([...names.filter((name) => name !== COMMIT), ...committed])].sort();
}

/** Moves committed files to their places; safe to repeat after being cut short anywhere. */
async function settle(folder: string): Promise<void> {
  const committed = join(folder, COMMIT);
  if (!(await isThere(committed))) return;
  try {
    for (const name of await readdir(committed)) await rename(join(committed, name), join(folder, name));
    await rmdir(committed);
    await flushFolder(folder);
  } catch (error) {
    throw new AttuneError("ERR_WRITE_UNFINISHED", {
      rule: "committed files must move to their places",
      found: error instanceof Error ? error.message : String(error),
      next: `move the files in ${committed} to ${folder} yourself, or remove what is in their way and try again`,
      file: folder,
      cause: error,
    });
  }
}

/** Deletes what killed processes left of earlier attempts to write `path`. */
async function removeStale(path: string): Promise<void> {
  const prefix = temporaryPrefix(path);
  const names = await readdir(dirname(path));
  const stale = names.filter((name) => name.startsWith(prefix) && UNIQUE.test(name.slice(prefix.length)));
  for (const name of stale) await rm(join(dirname(path), name), { recursive: true });
}

async function writeFlushed(path: string, chunks: readonly Uint8Array[]): Promise<void> {
  const file = await open(path, "wx");
  try {
    for (const chunk of chunks) await writeAll(file, chunk);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** One write(2) may take only a part, and at most 2 GiB. */
async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.byteLength; ) {
    const { bytesWritten } = await file.write(bytes, at, Math.min(bytes.byteLength - at, 2 ** 30));
    at += bytesWritten;
  }
}

/** Makes renames inside a folder durable. Windows cannot open folders, and needs no such step. */
async function flushFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Cleaning up after a failure, which is what gets reported: a second one would only hide it. */
async function remove(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true }).catch(() => undefined);
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    (error: unknown) => !isMissing(error),
  );
}

/** A name that no other attempt has; it never reaches a result, so it need not come from a seed. */
function temporaryBeside(path: string): string {
  return join(dirname(path), `${temporaryPrefix(path)}${randomUUID().slice(0, 8)}.tmp`);
}

function temporaryPrefix(path: string): string {
  return `.${basename(path).replace(/^\./, "")}.`;
}

function toChunks(content: FileContent): readonly Uint8Array[] {
  return typeof content === "string" ? [new TextEncoder().encode(content)] : content;
}

function countBytes(chunks: readonly Uint8Array[]): number {
  return chunks.reduce((total, chunk) => total + chunk.byteLength, 0);
}
