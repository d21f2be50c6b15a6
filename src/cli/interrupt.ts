/** Ctrl-C while something long runs: the first asks it to stop well, the second stops it at once. */
import type { Terminal } from "./terminal.ts";

export interface Interrupt {
  /** Aborted by the first Ctrl-C. */
  readonly signal: AbortSignal;
  /** Gives Ctrl-C its usual meaning back. */
  release(): void;
}

/** The exit code that shells give to a program ended by SIGINT: 128 + 2. */
export const INTERRUPTED = 130;

/**
 * Listens until released.
 *
 * @param onFirst called at the first Ctrl-C, after the signal is aborted
 */
export function listenForInterrupt(terminal: Terminal, onFirst: () => void): Interrupt {
  const controller = new AbortController();
  const stopListening = terminal.onInterrupt(() => {
    if (controller.signal.aborted) {
      terminal.exit(INTERRUPTED);
      return;
    }
    controller.abort();
    onFirst();
  });
  return { signal: controller.signal, release: stopListening };
}
