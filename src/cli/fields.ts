/** A name and what there is to say of it, side by side: the head of what train and doctor print. */
import type { Layout } from "./terminal.ts";
import { hang, padEnd, printable } from "./width.ts";

const NAME_WIDTH = 9;

/** Lines for one field; a long value goes on below itself. */
export function fieldLines(name: string, value: string, { width, colors }: Layout): string[] {
  const [first, ...rest] = hang(" ".repeat(NAME_WIDTH), printable(value), width);
  return [colors.dim(padEnd(name, NAME_WIDTH)) + first.slice(NAME_WIDTH), ...rest];
}
