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

/** What to do besides, so that the screen tells what happens. */
export interface InterruptHandlers {
  /** After the signal is aborted. */
  first(): void;
  /** Before the program ends. */
  second(): void;
}

/** Listens until released. */
export function listenForInterrupt(terminal: Terminal, handlers: InterruptHandlers): Interrupt {
  const controller = new AbortController();
  const stopListening = terminal.onInterrupt(() => {
    if (controller.signal.aborted) {
      handlers.second();
      terminal.die();
    } else {
      controller.abort();
      handlers.first();
    }
  });
  return { signal: controller.signal, release: stopListening };
}
