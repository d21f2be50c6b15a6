/** Command lines to show: what a reader may copy into a POSIX shell. */

/**
 * `attune` with arguments, each quoted where a shell would read it otherwise.
 *
 * @example
 * commandLine(["train", "my data.csv", "--resume"]); // "attune train 'my data.csv' --resume"
 */
export function commandLine(argv: readonly string[]): string {
  return ["attune", ...argv.map(quote)].join(" ");
}

function quote(argument: string): string {
  // letters of any script and the signs that mean nothing to a shell
  if (/^[\p{L}\p{N}_@%+=:,./-]+$/u.test(argument)) return argument;
  return `'${argument.replaceAll("'", "'\\''")}'`;
}
