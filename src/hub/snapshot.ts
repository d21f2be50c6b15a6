/**
 * A revision of a model as a folder in the cache: from the hub, or as the cache has it.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileInfo, type FileInfo, type RevisionInfo } from "./api.ts";
import type { ModelCache } from "./cache.ts";
import { answerError, cacheError, diskFullError, noWeightsError, type Subject } from "./errors.ts";
import { bytesLeft, downloadBlob } from "./download.ts";
import { chooseFiles, shardsOf, wantedNames } from "./files.ts";
import type { Hub } from "./follow.ts";
import { withLock } from "./lock.ts";
import type { Meter } from "./progress.ts";

/** What the cache has of a revision. */
export interface CachedSnapshot {
  readonly commit: string;
  readonly folder: string;
  /** What a model needs and the snapshot lacks. */
  readonly missing: readonly string[];
  /** Whether every file is there or known not to exist, so that asking the hub could bring nothing more. */
  readonly settled: boolean;
}

/** Looks into the cache, asking nobody; undefined where it has nothing of that revision. */
export async function cachedSnapshot(
  cache: ModelCache,
  revision: string,
): Promise<CachedSnapshot | undefined> {
  const commit = await cache.commitOf(revision);
  if (commit === undefined) return undefined;
  const folder = cache.snapshot(commit);
  const names = await cache.files(commit);
  if (names.length === 0) return undefined;
  const there = new Set(names);
  const { weights } = chooseFiles(names);
  const shards = weights?.index === undefined ? [] : await readShards(folder, weights.index);
  const missing = [
    ...(there.has("config.json") || there.has("bert_config.json") ? [] : ["config.json"]),
    ...(weights === undefined ? ["model.safetensors"] : shards.filter((name) => !there.has(name))),
  ];
  const absent = new Set(await cache.absent(commit));
  const settled = missing.length === 0 && wantedNames.every((name) => there.has(name) || absent.has(name));
  return { commit, folder, missing, settled };
}

/**
 * Fetches what the snapshot of a revision lacks.
 *
 * @param info what the hub says of the revision (revisionInfo)
 *
 * @throws AttuneError, HubFailure, the signal's reason
 */
export async function fetchSnapshot(
  hub: Hub,
  subject: Subject,
  cache: ModelCache,
  meter: Meter,
  { commit, files }: RevisionInfo,
): Promise<void> {
  const { small, weights } = chooseFiles(files);
  if (weights === undefined) throw noWeightsError(subject, files);
  const fetch = async (names: readonly string[]) => fetchFiles(hub, subject, cache, meter, commit, names);
  if (weights.index === undefined) {
    await fetch([...small, ...weights.files]);
  } else {
    await fetch([...small, weights.index]);
    const shards = await readShards(cache.snapshot(commit), weights.index);
    if (shards.length === 0) throw answerError(`${weights.index} of ${subject.id} names no shards`, subject);
    await fetch(shards);
  }
  const absent = wantedNames.filter((name) => !files.includes(name));
  await note(cache, subject, commit, absent);
}

async function readShards(folder: string, index: string): Promise<readonly string[]> {
  const text = await readFile(join(folder, index), "utf8").catch(() => "");
  return shardsOf(text) ?? [];
}

async function fetchFiles(
  hub: Hub,
  subject: Subject,
  cache: ModelCache,
  meter: Meter,
  commit: string,
  names: readonly string[],
): Promise<void> {
  const there = new Set(await cache.files(commit));
  const lacking = names.filter((name) => !there.has(name));
  const infos = await all(lacking.map(async (name) => fileInfo(hub, subject, commit, name)));
  meter.expect(new Map(infos.map(({ name, size }) => [name, size])));
  await requireRoom(cache, infos);
  for (const info of infos) await fetchFile(hub, subject, cache, meter, commit, info);
}

async function fetchFile(
  hub: Hub,
  subject: Subject,
  cache: ModelCache,
  meter: Meter,
  commit: string,
  info: FileInfo,
): Promise<void> {
  const { etag, name, size } = info;
  const onWait = () => meter.show("waiting", name, "another process downloads it");
  const report = {
    arrived: (bytes: number) => meter.arrived(name, bytes),
    checking: () => meter.show("checking", name),
  };
  const work = async () => {
    if (!(await cache.hasBlob(etag, size))) await downloadBlob(hub, subject, info, cache.blob(etag), report);
    await cache.place(etag, commit, name, hub.symlinks).catch((error: unknown) => {
      throw cacheError(error, join(cache.snapshot(commit), name), size ?? 0);
    });
  };
  await withLock(cache.lock(etag), { sleep: hub.sleep, onWait }, work).catch((error: unknown) => {
    throw cacheError(error, cache.lock(etag), 0);
  });
}

/** As Promise.all, but nothing goes on in the background when one has failed. */
async function all<T>(work: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(work);
  return Promise.all(work);
}

/** Says that the disk is too small before it is full. */
async function requireRoom(cache: ModelCache, infos: readonly FileInfo[]): Promise<void> {
  const left = await Promise.all(infos.map(async ({ etag }) => bytesLeft(cache.blob(etag))));
  const needed = infos.reduce((sum, { size = 0 }, i) => sum + Math.max(0, size - left[i]), 0);
  const free = await cache.freeBytes();
  if (free === undefined || free >= needed) return;
  const mb = (bytes: number) => `${Math.ceil(bytes / 1e6)} MB`;
  throw diskFullError(cache.folder, `${mb(needed)}: only ${mb(free)} are free`);
}

/** What was learnt, for the next time. A cache that cannot be written to is used all the same. */
async function note(
  cache: ModelCache,
  { revision }: Subject,
  commit: string,
  absent: readonly string[],
): Promise<void> {
  await cache.setAbsent(commit, absent).catch(() => undefined);
  await cache.setCommitOf(revision, commit).catch(() => undefined);
}
