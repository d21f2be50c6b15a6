/** What Ctrl-C leaves the user with: the command that goes on. */
import type { Context } from "./context.ts";
import { commandLine } from "./shell.ts";

export function resumeText({ argv }: Context): string {
  const again = argv.includes("--resume") ? argv : [...argv, "--resume"];
  return `stopped and saved; to go on:\n\n  ${commandLine(again)}\n\n`;
}
