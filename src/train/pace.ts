/** How fast a run goes and how long it will still take, from what its steps and evaluations have taken. */

/** Weight of the newest step in the running mean. */
const NEWEST = 0.05;

export class Pace {
  readonly #started = performance.now();
  #stepMs = 0;
  #stepTokens = 0;
  #evaluationMs = 0;
  #steps = 0;

  step(elapsedMs: number, tokens: number): void {
    // a plain mean at first, then an exponential one, so that early estimates are not tied to the first step
    const weight = Math.max(NEWEST, 1 / ++this.#steps);
    this.#stepMs += weight * (elapsedMs - this.#stepMs);
    this.#stepTokens += weight * (tokens - this.#stepTokens);
  }

  evaluation(elapsedMs: number): void {
    this.#evaluationMs = elapsedMs;
  }

  get tokensPerSecond(): number {
    return this.#stepMs === 0 ? 0 : (1000 * this.#stepTokens) / this.#stepMs;
  }

  get elapsedMs(): number {
    return performance.now() - this.#started;
  }

  /** Estimate for the steps and evaluations that are left. */
  remainingMs(steps: number, evaluations: number): number {
    return steps * this.#stepMs + evaluations * this.#evaluationMs;
  }
}
