/**
 * One process at a time: a lock file that the holder keeps touching, so that one left behind by a killed process can
 * be told from one that is held.
 *
 * Node has no flock(2), which the Python tools use, so the two do not wait for one another; they need not, since each
 * writes under a name of its own and puts whole files in place by rename. Between our own processes the lock saves
 * downloading twice.
 */
import { randomUUID } from "node:crypto";
import { link, mkdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { isMissing } from "../base/file-errors.ts";

export interface LockOptions {
  /** Waits; rejects where waiting is to end. */
  readonly sleep: (ms: number) => Promise<void>;
  /** Called once, where another process holds the lock. */
  readonly onWait?: () => void;
}

const POLL_MS = 250;
const TOUCH_MS = 5_000;
/** A lock that was not touched for this long has no holder any more. */
const STALE_MS = 60_000;

/** Does `work` while no other process of ours does, for locks of the same path. */
export async function withLock<T>(path: string, options: LockOptions, work: () => Promise<T>): Promise<T> {
  const content = JSON.stringify({ pid: process.pid, host: hostname(), id: randomUUID() });
  await acquire(path, content, options);
  const touch = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => undefined);
  }, TOUCH_MS).unref();
  try {
    return await work();
  } finally {
    clearInterval(touch);
    if ((await read(path)) === content) await rm(path, { force: true }).catch(() => undefined);
  }
}

async function acquire(path: string, content: string, { sleep, onWait }: LockOptions): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  let waited = false;
  for (;;) {
    try {
      await writeFile(path, content, { flag: "wx" });
      return;
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    }
    const stale = await staleContent(path);
    if (stale !== undefined) {
      await takeAway(path, stale);
      continue;
    }
    if (!waited) onWait?.();
    waited = true;
    await sleep(POLL_MS);
  }
}

/** What a lock without a holder holds; undefined where there is a holder or no lock. */
async function staleContent(path: string): Promise<string | undefined> {
  const [content, touched] = await Promise.all([read(path), stat(path).catch(() => undefined)]);
  if (content === undefined || touched === undefined) return undefined;
  const old = Date.now() - touched.mtimeMs > STALE_MS;
  return old || holderIsGone(content) ? content : undefined;
}

function holderIsGone(content: string): boolean {
  const [, pid, host] = /"pid":(\d+),"host":"([^"]*)"/.exec(content) ?? [];
  if (pid === undefined || host !== hostname()) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ESRCH";
  }
}

/** Removes a stale lock, unless another process was quicker and the lock is a new one: that is put back. */
async function takeAway(path: string, stale: string): Promise<void> {
  const aside = `${path}.${randomUUID().slice(0, 8)}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (isMissing(error)) return;
    throw error;
  }
  if ((await read(aside)) !== stale) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
}

function read(path: string): Promise<string | undefined> {
  return readFile(path, "utf8").catch(() => undefined);
}
