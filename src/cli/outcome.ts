/**
 * From what a command threw to what the user sees and the shell gets.
 *
 * An error is its message on standard error and nothing else; with ATTUNE_DEBUG=1 its stack and causes too. Where
 * --json was asked for, standard output carries it as well, for the program that reads there. What a message quotes from
 * a file can move no cursor: control characters are replaced, and line breaks in messages of ours, which are one line.
 */
import { inspect } from "node:util";
import { errorCode } from "../base/errors.ts";
import type { Context, ExitCode } from "./context.ts";
import { INTERRUPTED } from "./interrupt.ts";
import { ClosedPipe } from "./terminal.ts";
import { printableLines } from "./width.ts";

/** The command line asks for something that cannot be: exit code 2. */
export class UsageError extends Error {}

/** What shells report of a program that a closed pipe has ended: 128 + SIGPIPE. */
const CLOSED_PIPE = 141;

/** How standard output is read: by people, as one JSON object, or as a JSON object a line. */
export type Form = "human" | "object" | "events";

/** Runs a command's work; whatever it throws becomes output and an exit code. */
export async function outcome(
  { terminal }: Pick<Context, "terminal">,
  form: Form,
  work: () => Promise<ExitCode>,
): Promise<ExitCode> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ClosedPipe) return CLOSED_PIPE;
    const usage = error instanceof UsageError;
    const { code, message } = describe(error);
    if (form === "events") terminal.stdout.write(`${JSON.stringify({ event: "error", code, message })}\n`);
    else if (form === "object") terminal.stdout.write(`${JSON.stringify({ error: { code, message } })}\n`);
    const { red } = terminal.stderr.colors;
    const safe = printableLines(errorCode(error) === undefined ? message : message.replace(/[\r\n]+/g, " "));
    const shown = usage ? `${red("error:")} ${safe}` : safe.replace(/^ERR_\w+/, red);
    terminal.stderr.write(`${shown}\n`);
    if (terminal.env.ATTUNE_DEBUG === "1") terminal.stderr.write(`${printableLines(inspect(error))}\n`);
    if (code === "ERR_INTERRUPTED") return INTERRUPTED;
    return usage || code === "ERR_OPTION_UNUSED" ? 2 : 1;
  }
}

/** Code and message of anything thrown; what is not ours has the code ERR_UNEXPECTED. */
export function describe(error: unknown): { code: string; message: string } {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof UsageError) return { code: "ERR_USAGE", message };
  return { code: errorCode(error) ?? "ERR_UNEXPECTED", message };
}
