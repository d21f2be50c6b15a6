/** Real lines of the shared data, for tokenizers to be compared on. */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import type { TestContext } from "vitest";
import { sharedData } from "../shared-data.ts";

/** `count` lines spread evenly over a gzipped file, those longer than `longest` cut; skips the running test without it. */
export function realLines(
  context: TestContext,
  file: string,
  { count, longest }: { readonly count: number; readonly longest: number },
): string[] {
  const lines = gunzipSync(readFileSync(sharedData(context, file)))
    .toString("utf8")
    .split("\n")
    .filter((line) => line.length > 3);
  const step = lines.length / count;
  return Array.from({ length: count }, (_, i) => lines[Math.floor(i * step)].slice(0, longest));
}
