/** When a progress event is due while documents are read: after so many of them, and after so long. */

const DOCUMENTS = 2000;
/** People see that something moves, and Ctrl-C is asked for after each event. */
const INTERVAL_MS = 200;

export class ReportClock {
  #documents = 0;
  #lastMs = performance.now();

  /** Documents read so far. */
  get documents(): number {
    return this.#documents;
  }

  /** Counts a document; true where an event is due. */
  tick(): boolean {
    this.#documents++;
    const nowMs = performance.now();
    if (this.#documents % DOCUMENTS !== 0 && nowMs - this.#lastMs < INTERVAL_MS) return false;
    this.#lastMs = nowMs;
    return true;
  }
}
