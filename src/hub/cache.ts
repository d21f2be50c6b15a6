/**
 * The cache that the Python tools share (huggingface_hub's documentation, "Understand caching"):
 *
 *     CACHE/models--OWNER--NAME/refs/REVISION           the commit that a branch or tag was when last asked for
 *                               blobs/ETAG              contents
 *                               snapshots/COMMIT/FILE   links to ../../blobs/ETAG
 *                               .no_exist/COMMIT/FILE   empty: the repository has no such file
 *     CACHE/.locks/models--OWNER--NAME/ETAG.attune.lock
 *
 * What they wrote is used as it stands, and they use what is written here. Where links cannot be made (Windows without
 * rights), a snapshot holds hard links or copies.
 */
import { createHash, randomUUID } from "node:crypto";
import {
  constants,
  copyFile,
  link,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  statfs,
  symlink,
  writeFile,
} from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { isCommit } from "./name.ts";
import { isFile } from "./on-disk.ts";

/** The place of one model in the cache. */
export class ModelCache {
  /** CACHE/models--OWNER--NAME. */
  readonly folder: string;
  readonly #locks: string;

  constructor(cacheDir: string, id: string) {
    const name = `models--${id.replaceAll("/", "--")}`;
    this.folder = join(cacheDir, name);
    this.#locks = join(cacheDir, ".locks", name);
  }

  snapshot(commit: string): string {
    return join(this.folder, "snapshots", commit);
  }

  blob(etag: string): string {
    return join(this.folder, "blobs", blobName(etag));
  }

  lock(etag: string): string {
    return join(this.#locks, `${blobName(etag)}.attune.lock`);
  }

  /** The commit that a revision was when last asked for; undefined where it never was. */
  async commitOf(revision: string): Promise<string | undefined> {
    if (isCommit(revision)) return revision;
    const text = await readFile(this.#ref(revision), "utf8").catch(() => "");
    return isCommit(text.trim()) ? text.trim() : undefined;
  }

  /** Notes which commit a revision is; a reader finds the old one or the new one. */
  async setCommitOf(revision: string, commit: string): Promise<void> {
    if (isCommit(revision) || (await this.commitOf(revision)) === commit) return;
    const path = this.#ref(revision);
    await mkdir(dirname(path), { recursive: true });
    const temporary = `${path}.${randomUUID().slice(0, 8)}.tmp`;
    await writeFile(temporary, commit);
    await rename(temporary, path);
  }

  /** Files of a snapshot that can be read; links that lead nowhere are none. */
  async files(commit: string): Promise<readonly string[]> {
    const folder = this.snapshot(commit);
    const names = await readdir(folder).catch((): string[] => []);
    const there = await Promise.all(names.map(async (name) => isFile(join(folder, name))));
    return names.filter((_, i) => there[i]);
  }

  /** Files that the repository is known not to have at a commit. */
  async absent(commit: string): Promise<readonly string[]> {
    return readdir(join(this.folder, ".no_exist", commit)).catch(() => []);
  }

  /** Notes that the repository has no such files. */
  async setAbsent(commit: string, names: readonly string[]): Promise<void> {
    const folder = join(this.folder, ".no_exist", commit);
    await mkdir(folder, { recursive: true });
    await Promise.all(names.map(async (name) => writeFile(join(folder, name), "")));
  }

  /** Whether a blob is there, with all its bytes. */
  async hasBlob(etag: string, size: number | undefined): Promise<boolean> {
    const found = await stat(this.blob(etag)).catch(() => undefined);
    return found !== undefined && found.isFile() && (size === undefined || found.size === size);
  }

  /** Room on the disk; undefined where the system does not say. */
  async freeBytes(): Promise<number | undefined> {
    for (let folder = this.folder; ; folder = dirname(folder)) {
      const found = await statfs(folder).catch(() => undefined);
      if (found !== undefined) return found.bavail * found.bsize;
      if (dirname(folder) === folder) return undefined;
    }
  }

  /** Makes a blob a file of a snapshot. */
  async place(etag: string, commit: string, name: string, symlinks: boolean): Promise<void> {
    const path = join(this.snapshot(commit), name);
    const blob = this.blob(etag);
    await mkdir(dirname(path), { recursive: true });
    const temporary = join(dirname(path), `.${name}.${randomUUID().slice(0, 8)}.tmp`);
    try {
      await linkOrCopy(blob, temporary, symlinks);
      await rename(temporary, path);
    } finally {
      await rm(temporary, { force: true });
    }
  }

  #ref(revision: string): string {
    return join(this.folder, "refs", ...revision.split("/"));
  }
}

/** Ids of the models in a cache, of any tool. */
export async function cachedIds(cacheDir: string): Promise<readonly string[]> {
  const names = await readdir(cacheDir).catch((): string[] => []);
  const models = names.filter((name) => name.startsWith("models--")).sort();
  const filled = await Promise.all(
    models.map(async (name) => (await readdir(join(cacheDir, name, "snapshots")).catch(() => [])).length > 0),
  );
  return models.filter((_, i) => filled[i]).map((name) => name.slice("models--".length).replace("--", "/"));
}

/** An ETag as a file's name; one that could be none is hashed. */
function blobName(etag: string): string {
  return /^\w[\w.-]{0,120}$/.test(etag) ? etag : createHash("sha256").update(etag).digest("hex");
}

/** Relative, so that the cache can be moved. A copy where neither kind of link can be had. */
async function linkOrCopy(blob: string, path: string, symlinks: boolean): Promise<void> {
  if (symlinks && (await tried(symlink(relative(dirname(path), blob), path)))) return;
  if (symlinks && (await tried(link(blob, path)))) return;
  await copyFile(blob, path, constants.COPYFILE_FICLONE);
}

function tried(work: Promise<void>): Promise<boolean> {
  return work.then(
    () => true,
    () => false,
  );
}
