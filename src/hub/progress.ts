/** How a download goes on: bytes over all files together, pace and time left. */

export interface HubProgress {
  /** The model's id. */
  readonly id: string;
  /** What is going on: a question, the wait for another process or for the server, bytes, their checksum. */
  readonly phase: "asking" | "waiting" | "downloading" | "checking";
  /** The file it is about. */
  readonly file?: string;
  /** Why it waits. */
  readonly why?: string;
  /** Bytes that are there, of all files to download, those of an earlier try included. */
  readonly bytes: number;
  /** Their number in the end; undefined where the server does not say. */
  readonly total?: number;
  /** Over the last seconds. */
  readonly bytesPerSecond: number;
  readonly remainingMs?: number;
}

/** Pace over this long: connections slow down and speed up. */
const WINDOW_MS = 5_000;
/** Reports of the same phase come no closer than this. */
const REPORT_MS = 200;

/** Counts what arrives and reports it, a few times a second. */
export class Meter {
  readonly #id: string;
  readonly #now: () => number;
  readonly #onProgress: ((progress: HubProgress) => void) | undefined;
  #files: ReadonlyMap<string, number | undefined> = new Map();
  readonly #arrived = new Map<string, number>();
  /** When how many bytes were there. */
  #samples: { readonly at: number; readonly bytes: number }[] = [];
  #lastPhase = "";
  #reportedAt = -Infinity;

  constructor(id: string, now: () => number, onProgress: ((progress: HubProgress) => void) | undefined) {
    this.#id = id;
    this.#now = now;
    this.#onProgress = onProgress;
  }

  /** @param sizes bytes of every file to download, by name */
  expect(sizes: ReadonlyMap<string, number | undefined>): void {
    this.#files = sizes;
  }

  arrived(file: string, bytes: number): void {
    const before = this.#arrived.get(file);
    this.#arrived.set(file, bytes);
    // an earlier run's bytes, and those thrown away, say nothing of the pace
    if (before === undefined || bytes < before) this.#samples = [];
    this.show("downloading", file);
  }

  show(phase: HubProgress["phase"], file?: string, why?: string): void {
    const now = this.#now();
    const bytes = [...this.#arrived.values()].reduce((sum, each) => sum + each, 0);
    this.#samples.push({ at: now, bytes });
    while (this.#samples.length > 2 && now - this.#samples[1].at >= WINDOW_MS) this.#samples.shift();
    const key = `${phase} ${file ?? ""} ${why ?? ""}`;
    if (key === this.#lastPhase && now - this.#reportedAt < REPORT_MS) return;
    this.#lastPhase = key;
    this.#reportedAt = now;
    const [first] = this.#samples;
    const elapsed = now - first.at;
    const bytesPerSecond = elapsed === 0 ? 0 : Math.round((1000 * (bytes - first.bytes)) / elapsed);
    const total = this.#total();
    this.#onProgress?.({
      id: this.#id,
      phase,
      ...(file === undefined ? {} : { file }),
      ...(why === undefined ? {} : { why }),
      bytes,
      ...(total === undefined ? {} : { total }),
      bytesPerSecond,
      ...(total === undefined || bytesPerSecond === 0
        ? {}
        : { remainingMs: Math.round((1000 * (total - bytes)) / bytesPerSecond) }),
    });
  }

  #total(): number | undefined {
    let total = 0;
    for (const size of this.#files.values()) {
      if (size === undefined) return undefined;
      total += size;
    }
    return this.#files.size === 0 ? undefined : total;
  }
}
