/**
 * One file's bytes into the cache, however often the connection breaks.
 *
 * They go to `ETAG.attune.incomplete`, which stays when the download ends early and is gone on with by the next one.
 * The name is the content's own, so a file that has changed on the hub begins afresh; what was put together is checked
 * from the disk before it becomes a blob. Python's tools write `.incomplete` files of other names: two programs never
 * write one file.
 */
import { constants, type FileHandle, mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { refusedBy, type FileInfo, normalizeEtag } from "./api.ts";
import { checksumKind, contentFault } from "./checksum.ts";
import { cacheError, contentError, type Subject } from "./errors.ts";
import { HubFailure } from "./failure.ts";
import { follow, type Hub, passingFailure } from "./follow.ts";
import { exists } from "./on-disk.ts";
import type { Answer } from "./request.ts";
import { Tries } from "./retry.ts";

export interface DownloadReport {
  /** Bytes of the file that are there now. */
  arrived(bytes: number): void;
  /** All are there and are being checked. */
  checking(): void;
}

/** As much as this is worth to begin the count of failures again. */
const WORTHWHILE_BYTES = 64 * 1024;

/**
 * Downloads `file` to `blob`, going on with what an earlier try has left.
 *
 * @throws ERR_HUB_CHECKSUM after removing what is wrong, ERR_DISK_FULL and the like, HubFailure, the signal's reason
 */
export async function downloadBlob(
  hub: Hub,
  subject: Subject,
  file: FileInfo,
  blob: string,
  report: DownloadReport,
): Promise<void> {
  const partial = `${blob}.attune.incomplete`;
  await mkdir(dirname(blob), { recursive: true }).catch((error: unknown) => {
    throw cacheError(error, dirname(blob), 0);
  });
  for (;;) {
    const resumed = await fill(hub, subject, file, partial, report);
    report.checking();
    const fault = await contentFault(partial, file, hub.signal);
    if (fault === undefined) break;
    await rm(partial);
    // what an earlier run left may be at fault: once more from the start
    if (!resumed) throw contentError(file.name, fault, file.url.host);
  }
  try {
    await rename(partial, blob);
  } catch (error) {
    await rm(partial, { force: true });
    // Windows does not replace a file that is open: another process has put the same content there
    if (!(await exists(blob))) throw cacheError(error, blob, file.size ?? 0);
  }
}

/** How many bytes of a file an earlier try has left. */
export async function bytesLeft(blob: string): Promise<number> {
  const found = await stat(`${blob}.attune.incomplete`).catch(() => undefined);
  return found?.size ?? 0;
}

/** Fetches until all bytes are there. True where it went on with an earlier run's. */
async function fill(
  hub: Hub,
  subject: Subject,
  file: FileInfo,
  partial: string,
  report: DownloadReport,
): Promise<boolean> {
  const handle = await open(partial, constants.O_RDWR | constants.O_CREAT).catch((error: unknown) => {
    throw cacheError(error, partial, 0);
  });
  const part = new Part(handle, partial, file, report);
  try {
    const resumed = await part.begin();
    const tries = new Tries(hub);
    let furthest = part.have;
    while (!part.complete) {
      try {
        await fetchRest(hub, subject, file, part);
      } catch (error) {
        // only what was never there before counts: a server could go round in circles
        if (part.have - furthest >= WORTHWHILE_BYTES) tries.progress();
        furthest = Math.max(furthest, part.have);
        await tries.wait(error);
      }
    }
    await handle.sync().catch(() => undefined); // some network disks cannot
    return resumed;
  } finally {
    await handle.close();
    if (part.have === 0 && file.size !== 0) await rm(partial, { force: true });
  }
}

/** One request for what is missing. */
async function fetchRest(hub: Hub, subject: Subject, file: FileInfo, part: Part): Promise<void> {
  const answer = await follow(hub, file.url, {
    method: "GET",
    headers: part.rangeHeaders(),
    timeoutMs: hub.stallTimeoutMs,
  });
  try {
    await startOf(answer, subject, file, part);
  } catch (error) {
    answer.discard();
    throw error;
  }
  for await (const chunk of answer.body()) await part.append(chunk);
  part.end(answer.url.host);
}

/** Looks at status and headers: where the bytes to come belong, or why none are taken. */
async function startOf(answer: Answer, subject: Subject, file: FileInfo, part: Part): Promise<void> {
  const { status, url } = answer;
  if (status === 206) {
    const [, start, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(answer.header("content-range") ?? "") ?? [];
    const fits =
      Number(start) === part.have && (total === "*" || (file.size ?? Number(total)) === Number(total));
    const same = part.validator === undefined || part.validator === answer.header("etag");
    if (fits && same && answer.header("content-encoding") === undefined) return part.from(answer);
    await part.restart();
    throw new HubFailure("server", `${url.host} sent another part of ${file.name} than was asked for`);
  }
  if (status === 416 && part.have > 0) {
    await part.restart();
    throw new HubFailure("server", `${url.host} has no such part of ${file.name}`);
  }
  if (status !== 200) throw passingFailure(answer) ?? refusedBy(answer, subject);
  await part.restart(); // the server ignores ranges, or the file has changed
  const stated = Number(answer.header("content-length") ?? Number.NaN);
  const plain = answer.header("content-encoding") === undefined;
  if (plain && file.size !== undefined && !Number.isNaN(stated) && stated !== file.size)
    throw contentError(file.name, `${url.host} sends ${stated} bytes, not ${file.size}`, file.url.host);
  part.from(answer);
}

/** The incomplete file. Writes go to explicit places, so that even two writers would write the same bytes there. */
class Part {
  readonly #handle: FileHandle;
  readonly #path: string;
  readonly #file: FileInfo;
  readonly #report: DownloadReport;
  #ended = false;
  /** Bytes that are there. */
  have = 0;
  /** The strong ETag of the host that sent them in this run (a CDN's own, not the hub's). */
  validator: string | undefined;

  constructor(handle: FileHandle, path: string, file: FileInfo, report: DownloadReport) {
    this.#handle = handle;
    this.#path = path;
    this.#file = file;
    this.#report = report;
  }

  /** Takes what is there; false where that is nothing, or cannot be gone on with. */
  async begin(): Promise<boolean> {
    this.have = (await this.#handle.stat()).size;
    const { size, etag } = this.#file;
    const uncheckable = checksumKind(etag) === undefined;
    if (this.have > 0 && (uncheckable || (size !== undefined && this.have > size))) await this.restart();
    this.#report.arrived(this.have);
    return this.have > 0;
  }

  get complete(): boolean {
    const { size } = this.#file;
    return size === undefined ? this.#ended : this.have === size;
  }

  /** Asks for the rest; If-Range makes it the whole where the file is no longer the same (RFC 9110, section 13.1.5). */
  rangeHeaders(): Record<string, string> {
    if (this.have === 0) return {};
    const range = { Range: `bytes=${this.have}-` };
    return this.validator === undefined ? range : { ...range, "If-Range": this.validator };
  }

  /** The bytes to come are this answer's. */
  from(answer: Answer): void {
    const etag = answer.header("etag");
    this.validator = normalizeEtag(etag) === undefined || etag?.startsWith("W/") ? undefined : etag;
  }

  async restart(): Promise<void> {
    if (this.have > 0) await this.#handle.truncate(0);
    this.have = 0;
    this.validator = undefined;
    this.#report.arrived(0);
  }

  async append(chunk: Uint8Array): Promise<void> {
    const { size, name, url } = this.#file;
    if (size !== undefined && this.have + chunk.byteLength > size) {
      await this.restart();
      throw contentError(name, `more than ${size} bytes arrived`, url.host);
    }
    try {
      for (let at = 0; at < chunk.byteLength; ) {
        const { bytesWritten } = await this.#handle.write(chunk, at, chunk.byteLength - at, this.have);
        at += bytesWritten;
        this.have += bytesWritten;
      }
    } catch (error) {
      throw cacheError(error, this.#path, size ?? chunk.byteLength);
    }
    this.#report.arrived(this.have);
  }

  /** The answer is over, as its host sees it. */
  end(host: string): void {
    this.#ended = true;
    const { size, name } = this.#file;
    if (size === undefined || this.have === size) return;
    throw new HubFailure("cut", `${host} sent ${this.have} of ${size} bytes of ${name}`);
  }
}
