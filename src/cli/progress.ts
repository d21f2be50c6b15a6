/**
 * A progress bar on the last line of standard error, with an estimate of the time left.
 *
 * Drawn only where standard error is a terminal, and only for work that takes a while; elsewhere every call does
 * nothing. Lines that are to stay on the screen go above it (`above`).
 */
import { clock } from "./format.ts";
import type { Colors, Terminal } from "./terminal.ts";
import { stringWidth, truncate } from "./width.ts";

export interface ProgressState {
  /** What is going on: "epoch 3/30", "reading the data". */
  readonly label: string;
  /** Numbers beside it, the most important first: the last ones give way where there is no room. */
  readonly details?: readonly string[];
  readonly done?: number;
  /** Undefined where the end is not known: then there is no bar, and the time that has passed in place of that left. */
  readonly total?: number;
  /** Default: from the pace so far. */
  readonly remainingMs?: number;
}

export interface ProgressOptions {
  /** Nothing is drawn before this: work that ends sooner leaves no trace. Default 0. */
  readonly delayMs?: number;
}

const ERASE_LINE = "\r\u001b[K";
const REDRAW_MS = 100;
/** Redraw unasked, so that clocks go on while a long step runs. */
const TICK_MS = 1000;

export class Progress {
  readonly #terminal: Terminal;
  #enabled: boolean;
  readonly #start: number;
  readonly #delayMs: number;
  readonly #timer: NodeJS.Timeout | undefined;
  #state: ProgressState | undefined;
  #stateStart = 0;
  #drawnAt = -Infinity;
  #visible = false;

  constructor(terminal: Terminal, options: ProgressOptions = {}) {
    this.#terminal = terminal;
    this.#enabled = terminal.stderr.isTerminal;
    this.#start = terminal.now();
    this.#delayMs = options.delayMs ?? 0;
    if (this.#enabled) this.#timer = setInterval(() => this.#draw(), TICK_MS).unref();
  }

  /** Shows a new state, at most ten times a second. */
  update(state: ProgressState): void {
    const now = this.#terminal.now();
    const changed = state.label !== this.#state?.label;
    if (changed) this.#stateStart = now;
    this.#state = state;
    if (changed || now - this.#drawnAt >= REDRAW_MS) this.#draw();
  }

  /** Writes lines that stay: the bar steps aside and comes back below them. */
  above(write: () => void): void {
    // also where no bar is: the terminal may have put "^C" there
    if (this.#enabled) this.#terminal.stderr.write(ERASE_LINE);
    write();
    this.#draw();
  }

  /** Takes the bar away, for good. */
  close(): void {
    clearInterval(this.#timer);
    if (this.#visible) this.#terminal.stderr.write(ERASE_LINE);
    this.#visible = false;
    this.#enabled = false;
  }

  #draw(): void {
    const now = this.#terminal.now();
    if (!this.#enabled || this.#state === undefined || now - this.#start < this.#delayMs) return;
    const { stderr } = this.#terminal;
    // room for the "^C" that terminals put behind it: a wrapped line could not be erased
    const line = formatProgress(this.#state, now - this.#stateStart, stderr.columns - 3, stderr.colors);
    stderr.write(ERASE_LINE + line);
    this.#visible = true;
    this.#drawnAt = now;
  }
}

/**
 * One line of at most `width` columns.
 *
 * @param elapsedMs how long this label has been shown
 */
export function formatProgress(
  state: ProgressState,
  elapsedMs: number,
  width: number,
  colors: Colors,
): string {
  const { label, details = [], done = 0, total } = state;
  if (total === undefined) return truncate([label, ...details, clock(elapsedMs)].join(" · "), width);
  const share = total === 0 ? 1 : Math.min(1, done / total);
  const percent = `${Math.floor(100 * share)}%`.padStart(4);
  const left = state.remainingMs ?? (done === 0 ? undefined : (elapsedMs / done) * (total - done));
  const time = left === undefined ? "" : `${clock(left)} left`;
  for (let kept = details.length; kept >= 0; kept--) {
    const text = [label, ...details.slice(0, kept), time].filter((part) => part !== "").join(" · ");
    const room = width - stringWidth(text) - percent.length - 3;
    if (room < SHORTEST_BAR) continue;
    return `${percent} ${bar(share, Math.min(room, LONGEST_BAR), colors)}  ${text}`;
  }
  return truncate(`${percent.trim()} ${label}`, width);
}

const SHORTEST_BAR = 8;
const LONGEST_BAR = 30;

function bar(share: number, width: number, colors: Colors): string {
  const filled = Math.round(share * width);
  return colors.cyan("━".repeat(filled)) + colors.dim("─".repeat(width - filled));
}
