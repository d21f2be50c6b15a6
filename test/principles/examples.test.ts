/**
 * The book against what runs: every example runs and is content with its result; chapters show its code and its
 * output as they are, in both languages; figures are what the examples give.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { chaptersWithFigures, FIGURES, figuresOf, fileOf, languages } from "../../scripts/figures/all.ts";
import { run } from "../../scripts/figures/run.ts";
import { BOOK, chapterNames, EXAMPLES, readChapter, readRegions } from "./chapter.ts";
import { differingLine, findNear } from "./near.ts";

const TIMEOUT = 120_000;
/** What every chapter has, in this order. */
const sections = new Map([
  ["## The question", "## 问题"],
  ["## The formula", "## 公式"],
  ["## The surprise", "## 意外之处"],
  ["## Try it", "## 动手试试"],
  ["## Sources", "## 出处"],
]);
const chineseSections = [...sections.values()];

describe.each(chapterNames)("chapter %s", (name) => {
  it(
    "runs, and prints what the chapters show",
    async () => {
      const { printed } = await run(await mainOf(name));
      for (const suffix of ["", ".zh-CN"] as const) {
        const { outputs } = readChapter(name, suffix);
        expect(outputs.length).toBeGreaterThan(0);
        for (const output of outputs) {
          const lines = output.trimEnd().split("\n");
          const at = findNear(printed, lines);
          // on failure, show the difference and not just -1
          if (at < 0) expect(printed.join("\n"), `${name}${suffix}.md`).toContain(lines.join("\n"));
        }
      }
    },
    TIMEOUT,
  );

  it("shows every region of the code as it is, in both languages", () => {
    const regions = [...readRegions(name)].map(([region, body]) => ({ name: region, body }));
    expect(regions.length).toBeGreaterThan(0);
    expect(readChapter(name, "").code).toEqual(regions);
    expect(readChapter(name, ".zh-CN").code).toEqual(regions);
  });

  it("says the same in both languages", () => {
    const [english, chinese] = [readChapter(name, ""), readChapter(name, ".zh-CN")];
    expect(chinese.outputs).toEqual(english.outputs);
    expect(chinese.headings.map(rankOf)).toEqual(english.headings.map(rankOf));
    expect(english.headings.filter((heading) => sections.has(heading))).toEqual([...sections.keys()]);
    expect(chinese.headings.filter((heading) => chineseSections.includes(heading))).toEqual(chineseSections);
    for (const [en, zh] of sections) expect(chinese.headings.indexOf(zh)).toBe(english.headings.indexOf(en));
    expect(chinese.numbers).toEqual(english.numbers);
    expect(chinese.figures).toEqual(english.figures.map((file) => file.replace(".svg", ".zh-CN.svg")));
    expect(chinese.links.map(pageOf)).toEqual(english.links.map(pageOf));
    for (const { text } of [english, chinese]) {
      const lines = text.trimEnd().split("\n").length;
      expect(lines).toBeGreaterThanOrEqual(80);
      expect(lines).toBeLessThanOrEqual(175);
    }
  });

  it("links within the language, but for the other one's page, to what is there", () => {
    for (const [suffix, other] of [
      ["", ".zh-CN"],
      [".zh-CN", ""],
    ] as const) {
      const [first, ...links] = readChapter(name, suffix).links;
      expect(first).toBe(`${name}${other}.md`);
      const chapters = links.filter((link) => /^\d\d-/.test(link));
      expect(chapters.filter((link) => link.endsWith(".zh-CN.md") !== (suffix !== ""))).toEqual([]);
      const local = [first, ...links].filter((link) => !/^https?:/.test(link));
      expect(local.filter((link) => !existsSync(join(BOOK, link.split("#")[0])))).toEqual([]);
    }
  });

  it(
    "shows the figures that its code draws, as the code draws them",
    async () => {
      const figures = await figuresOf(name);
      for (const [suffix, language] of [
        ["", "en"],
        [".zh-CN", "zh"],
      ] as const) {
        const files = figures.map((figure) => fileOf(figure, language));
        expect(readChapter(name, suffix).figures).toEqual(files);
      }
      for (const figure of figures) {
        for (const language of languages) {
          const file = join(FIGURES, fileOf(figure, language));
          const [drawn, kept] = [await figure.draw(language), readFileSync(file, "utf8")];
          const lines = [drawn, kept].map((text) => text.split("\n"));
          const at = differingLine(lines[0], lines[1]);
          // else draw it again: node --import ./scripts/typescript.js scripts/figures.ts
          expect({ file, line: at && lines[1][at] }).toEqual({ file, line: at && lines[0][at] });
        }
      }
    },
    TIMEOUT,
  );
});

it("every chapter and every figure has its place", async () => {
  const files = readdirSync(BOOK).filter((file) => /^\d\d-/.test(file));
  expect(files).toEqual(chapterNames.flatMap((name) => [`${name}.md`, `${name}.zh-CN.md`]).sort());
  expect(chapterNames.map((name) => Number(name.slice(0, 2)))).toEqual(chapterNames.map((_, i) => i + 1));
  expect(chaptersWithFigures().filter((name) => !chapterNames.includes(name))).toEqual([]);
  const figures = (await Promise.all(chaptersWithFigures().map(figuresOf))).flat();
  const drawn = figures.flatMap((figure) => languages.map((language) => fileOf(figure, language)));
  expect(readdirSync(FIGURES).sort()).toEqual(drawn.sort());
  for (const [readme, suffix] of [
    ["README.md", ""],
    ["README.zh-CN.md", ".zh-CN"],
  ]) {
    const text = readFileSync(join(BOOK, readme), "utf8");
    const missing = chapterNames.filter((name) => !text.includes(`](${name}${suffix}.md)`));
    expect({ readme, missing }).toEqual({ readme, missing: [] });
  }
});

/** "##" of "## The question". */
function rankOf(heading: string): string {
  return heading.split(" ")[0];
}

/** A link without its language. */
function pageOf(link: string): string {
  return link.replace(".zh-CN.md", ".md");
}

/** The `main` of an example. */
async function mainOf(name: string): Promise<() => Promise<unknown>> {
  const module: unknown = await import(join(EXAMPLES, `${name}.ts`));
  if (!hasMain(module)) throw new Error(`${name}.ts exports no main`);
  return module.main;
}

function hasMain(module: unknown): module is { readonly main: () => Promise<unknown> } {
  return (
    typeof module === "object" && module !== null && "main" in module && typeof module.main === "function"
  );
}
