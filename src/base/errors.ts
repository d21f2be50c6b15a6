/**
 * The one error type that users see.
 *
 * Every message has three parts: the rule that was broken, what was found, and what to do next, behind a
 * stable slug that programs can match. Broken invariants of our own use `internal()` and ask for a report.
 *
 * Does not format for a terminal and does not decide exit codes: `cli/` does.
 */

/** The three parts of a message. `file` and `row` (1-based, header included) say where, when there is a where. */
export interface ErrorParts {
  /** What must hold, as a sentence without a full stop: "a label column must exist". */
  readonly rule: string;
  /** What was there instead: "found columns text, topic". */
  readonly found: string;
  /** What the reader can do: "pass --label topic". */
  readonly next: string;
  readonly file?: string;
  readonly row?: number;
  readonly cause?: unknown;
}

/**
 * An error with a stable code.
 *
 * @example
 * throw new AttuneError("ERR_COLUMN_MISSING", {
 *   rule: "the label column must exist",
 *   found: 'no column "label" among text, topic',
 *   next: "pass --label topic",
 * });
 */
export class AttuneError extends Error {
  readonly code: `ERR_${string}`;
  readonly file: string | undefined;
  readonly row: number | undefined;

  constructor(code: `ERR_${string}`, parts: ErrorParts) {
    const where =
      parts.file === undefined
        ? ""
        : ` (${parts.file}${parts.row === undefined ? "" : `, row ${parts.row}`})`;
    super(`${code}: ${parts.rule}; ${parts.found}${where}; ${parts.next}`, { cause: parts.cause });
    this.name = "AttuneError";
    this.code = code;
    this.file = parts.file;
    this.row = parts.row;
  }

  /** The error that another thread threw, from its code and its whole message. */
  static revive(code: string, message: string): Error {
    return Object.assign(new Error(message), { name: "AttuneError", code });
  }
}

/** The code of an `AttuneError`, also of one that crossed threads; undefined for any other value. */
export function errorCode(error: unknown): string | undefined {
  const named = error instanceof Error && error.name === "AttuneError" && "code" in error;
  return named && typeof error.code === "string" ? error.code : undefined;
}

/** An invariant of this library is broken: never the user's fault. */
export function internal(message: string): Error {
  return new Error(
    `internal: ${message}; this is a bug in attune, please report it with the steps that led here`,
  );
}

/** The candidate closest to `name` by edit distance, if any is close enough to be a likely slip of the pen. */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(name.length / 2)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Levenshtein distance, one row of the table at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitute = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitute, row[j] + 1, next[j - 1] + 1));
    }
    row = next;
  }
  return row[b.length];
}
