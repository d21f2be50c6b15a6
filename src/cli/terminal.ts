/**
 * What a command may do to the world around it: two outputs, an input, the clock, the interrupt key.
 *
 * Commands are given this and touch nothing else of the process, so that tests run them whole.
 */
import { once } from "node:events";
import pico from "picocolors";

export type Colors = ReturnType<typeof pico.createColors>;

export interface Output {
  /** Whether a person looks at it, as against a file or a pipe. */
  readonly isTerminal: boolean;
  /** Width in characters, at this moment. What COLUMNS says where there is none, else 80. */
  readonly columns: number;
  /** Without effect where colour is not wanted. */
  readonly colors: Colors;
  write(text: string): void;
  /**
   * Waits until what was written is on its way: without it a slow reader would fill our memory.
   *
   * @throws ClosedPipe where nobody reads any more, as after `attune predict ... | head`
   */
  drained(): Promise<void>;
}

/** How lines for an output are to be laid out. */
export type Layout = { readonly width: number; readonly colors: Colors };

export interface Terminal {
  /** Results. */
  readonly stdout: Output;
  /** Progress, notes and errors. */
  readonly stderr: Output;
  readonly stdin: { readonly isTerminal: boolean; chunks(): AsyncIterable<Uint8Array> };
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds of a clock that never goes back. */
  now(): number;
  /** Calls `listener` at each Ctrl-C, which then no longer ends the program. Returns how to stop listening. */
  onInterrupt(listener: () => void): () => void;
  /** Ends the program at once, as Ctrl-C does by itself. */
  die(): void;
}

/** The reader of standard output has gone away. Writing goes on into the void. */
export class ClosedPipe extends Error {}

/** The terminal of this process. */
export function processTerminal(): Terminal {
  const { stdout, stderr, stdin, env } = process;
  return {
    stdout: streamOutput(stdout, env),
    stderr: streamOutput(stderr, env),
    stdin: { isTerminal: stdin.isTTY === true, chunks: () => stdin },
    env,
    now: () => performance.now(),
    onInterrupt(listener) {
      process.on("SIGINT", listener);
      return () => process.off("SIGINT", listener);
    },
    die() {
      // not process.exit: it stops worker threads in the middle of native code, which aborts with a core dump
      process.removeAllListeners("SIGINT");
      process.kill(process.pid, "SIGINT");
    },
  };
}

/** The layout that suits an output now. */
export function layoutFor({ columns, colors }: Output): Layout {
  return { width: columns, colors };
}

/** https://no-color.org and https://force-color.org; a dumb terminal shows escape sequences as text. */
export function wantsColor(isTerminal: boolean, env: Terminal["env"]): boolean {
  const says = (name: string) => env[name] !== undefined && env[name] !== "";
  if (says("NO_COLOR")) return false;
  if (says("FORCE_COLOR")) return env.FORCE_COLOR !== "0";
  return isTerminal && env.TERM !== "dumb";
}

const COLUMNS_WITHOUT_TERMINAL = 80;

/** The terminal's width; COLUMNS (POSIX, chapter 8.3) where there is none, or one that says 0. */
export function columnsOf(
  { isTTY = false, columns = 0 }: { readonly isTTY?: boolean; readonly columns?: number },
  { COLUMNS = "" }: Terminal["env"],
): number {
  if (isTTY && columns > 0) return columns;
  return /^[1-9]\d{0,4}$/.test(COLUMNS) ? Number(COLUMNS) : COLUMNS_WITHOUT_TERMINAL;
}

function streamOutput(stream: NodeJS.WriteStream, env: Terminal["env"]): Output {
  const isTerminal = stream.isTTY === true;
  let closed = false;
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    closed = true;
  });
  return {
    isTerminal,
    get columns() {
      return columnsOf(stream, env);
    },
    colors: pico.createColors(wantsColor(isTerminal, env)),
    write(text) {
      if (!closed) stream.write(text);
    },
    async drained() {
      if (!closed && stream.writableNeedDrain) await once(stream, "drain").catch(() => undefined);
      if (closed) throw new ClosedPipe();
    },
  };
}
