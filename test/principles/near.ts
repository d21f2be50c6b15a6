/**
 * Texts that are equal but for the last digit of their numbers, and figures that are equal but for a pixel: the same
 * program on another machine adds in another order, and a number on the edge rounds the other way.
 */

const NUMBER = /-?\d+(?:\.\d+)?/g;

export interface Slack {
  /** Units in the last printed digit by which decimals may differ. Default 1. */
  readonly units?: number;
  /** By how much any number may differ, whole ones too (pixels and colours). Default: as `units` says. */
  readonly absolute?: number;
}

/** Whether two lines say the same. Runs of blanks count as one: a sign may come and go. */
export function nearLine(a: string, b: string, slack: Slack = {}): boolean {
  if (a === b) return true;
  const [x, y] = [a, b].map((line) => line.match(NUMBER) ?? []);
  const [left, right] = [a, b].map((line) => line.replace(NUMBER, "#").replace(/ +/g, " ").trim());
  return left === right && x.length === y.length && x.every((value, i) => nearNumber(value, y[i], slack));
}

/** The first line of a drawn figure that the file does not have, up to 3 pixels or shades; undefined if it is the same. */
export function differingLine(drawn: readonly string[], kept: readonly string[]): number | undefined {
  const slack = { absolute: 3 };
  const at = drawn.findIndex((line, i) => {
    // words and numbers to read are held to their last digit, wherever they stand
    const [a, b] = [line, kept[i] ?? ""].map((each) => each.replace(/^<text[^>]*>/, "<text>"));
    return !nearLine(a, b, line.startsWith("<text") ? {} : slack);
  });
  if (at >= 0) return at;
  return drawn.length === kept.length ? undefined : drawn.length;
}

/** Where `block` stands in `lines`, every line near; -1 where it does not. */
export function findNear(lines: readonly string[], block: readonly string[]): number {
  return lines.findIndex((_, start) => block.every((line, i) => nearLine(line, lines[start + i] ?? "\0")));
}

function nearNumber(a: string, b: string, { units = 1, absolute }: Slack): boolean {
  if (absolute !== undefined) return Math.abs(Number(a) - Number(b)) <= absolute;
  const digits = Math.max(...[a, b].map((value) => value.split(".")[1]?.length ?? 0));
  if (digits === 0) return a === b;
  return Math.abs(Number(a) - Number(b)) <= (units + 0.01) * 10 ** -digits;
}
