/** Text to lines, for the formats that hold one record a line. LF or CR LF ends a line; a lone CR does not. */
import type { OpenText } from "./rows.ts";

/** Lines in batches, without their ends; numbering them from 1 counts every line of the file. */
export async function* lineBatches(open: OpenText): AsyncGenerator<string[]> {
  let pieces: string[] = []; // of the last line, until its end comes
  for await (const chunk of open()) {
    const lines = chunk.split("\n");
    const unfinished = lines.pop() ?? "";
    if (lines.length === 0) {
      pieces.push(unfinished);
      continue;
    }
    lines[0] = pieces.join("") + lines[0];
    pieces = [unfinished];
    yield lines.map(withoutReturn);
  }
  const last = withoutReturn(pieces.join(""));
  if (last !== "") yield [last];
}

function withoutReturn(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}
