/**
 * Trying again, where that may help: waits of 1, 2, 4, ... seconds, or as long as the server asks for.
 */
import { type Hub } from "./follow.ts";
import { HubFailure, mayPass } from "./failure.ts";

/** Longer than this is not waited for: the user is told instead. The hub counts requests in windows of 5 minutes. */
const LONGEST_WAIT_MS = 300_000;
const LONGEST_BACKOFF_MS = 30_000;

/** How often the same work has failed since it last got on. */
export class Tries {
  readonly #hub: Hub;
  #failures = 0;
  #reached = false;

  constructor(hub: Hub) {
    this.#hub = hub;
  }

  /** The work got on: the count begins again. */
  progress(): void {
    this.#failures = 0;
    this.#reached = true;
  }

  /** Waits before the next try, or throws where there is to be none. */
  async wait(error: unknown): Promise<void> {
    if (!(error instanceof HubFailure) || !mayPass(error, this.#reached)) throw error;
    const waitMs = error.retryAfterMs ?? Math.min(1000 * 2 ** this.#failures, LONGEST_BACKOFF_MS);
    if (++this.#failures > this.#hub.retries || waitMs > LONGEST_WAIT_MS) throw error;
    this.#hub.onRetry(error.message, waitMs);
    await this.#hub.sleep(waitMs);
  }
}

/** Does `work` until it succeeds, fails for good, or has failed too often. */
export async function withRetries<T>(hub: Hub, work: () => Promise<T>): Promise<T> {
  const tries = new Tries(hub);
  for (;;) {
    try {
      return await work();
    } catch (error) {
      await tries.wait(error);
    }
  }
}
