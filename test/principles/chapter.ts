/** Chapters of docs/principles and their examples as the tests read them. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
export const BOOK = join(root, "docs/principles");
export const EXAMPLES = join(root, "examples/principles");

/** "01-tokens-and-embeddings", ... */
export const chapterNames = readdirSync(EXAMPLES)
  .filter((file) => /^\d\d-.*\.ts$/.test(file))
  .map((file) => file.slice(0, -".ts".length))
  .sort();

export interface Chapter {
  readonly text: string;
  /** Blocks behind the marker `<!-- code: name -->`. */
  readonly code: readonly { readonly name: string; readonly body: string }[];
  /** Blocks behind the marker `<!-- output -->`. */
  readonly outputs: readonly string[];
  /** Links of images. */
  readonly figures: readonly string[];
  readonly links: readonly string[];
  /** Numbers of two digits and more outside blocks and link targets, sorted. */
  readonly numbers: readonly string[];
  /** "## The question", ... */
  readonly headings: readonly string[];
}

/** @param suffix "" in English, ".zh-CN" in Chinese. */
export function readChapter(name: string, suffix: "" | ".zh-CN"): Chapter {
  const text = readFileSync(join(BOOK, `${name}${suffix}.md`), "utf8");
  const blocks = /^```[a-z]*\n[\s\S]*?^```$/gm;
  const prose = text.replace(blocks, "").replace(/\]\([^)]*\)/g, "]");
  return {
    text,
    code: [...text.matchAll(/^<!-- code: (\S+) -->\n```ts\n([\s\S]*?)^```$/gm)].map((match) => ({
      name: match[1],
      body: match[2],
    })),
    outputs: [...text.matchAll(/^<!-- output -->\n```text\n([\s\S]*?)^```$/gm)].map((match) => match[1]),
    figures: [...text.matchAll(/!\[[^\]]+\]\(figures\/([^)]+)\)/g)].map((match) => match[1]),
    links: [...text.matchAll(/(?<!!\[[^\]]*)\]\((?!figures)([^)]+)\)/g)].map((match) => match[1]),
    numbers: [...prose.matchAll(/\d+(?:[.,]\d+)+|\d\d+/g)].map((match) => match[0]).sort(),
    headings: [...prose.matchAll(/^#+ .*$/gm)].map((match) => match[0]),
  };
}

/** The regions of an example by name, common indentation removed, in order. */
export function readRegions(name: string): Map<string, string> {
  const regions = new Map<string, string>();
  let current: { name: string; lines: string[] } | undefined;
  for (const line of readFileSync(join(EXAMPLES, `${name}.ts`), "utf8").split("\n")) {
    const begins = /^\s*\/\/ #region (\S+)$/.exec(line);
    if (begins !== null) {
      if (current !== undefined || regions.has(begins[1]))
        throw new Error(`${name}: region ${begins[1]} twice`);
      current = { name: begins[1], lines: [] };
    } else if (/^\s*\/\/ #endregion$/.test(line)) {
      if (current === undefined) throw new Error(`${name}: an #endregion without a #region`);
      regions.set(current.name, outdent(current.lines));
      current = undefined;
    } else current?.lines.push(line);
  }
  if (current !== undefined) throw new Error(`${name}: region ${current.name} does not end`);
  return regions;
}

function outdent(lines: readonly string[]): string {
  const depths = lines.filter((line) => line.trim() !== "").map((line) => line.search(/\S/));
  const depth = Math.min(...depths);
  return lines.map((line) => `${line.slice(depth)}\n`).join("");
}
