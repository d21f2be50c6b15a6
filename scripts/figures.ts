/**
 * Draws the figures of docs/principles from runs of the examples, in both languages.
 *
 *     node --import ./scripts/typescript.js scripts/figures.ts          all chapters
 *     node --import ./scripts/typescript.js scripts/figures.ts 03 07    these
 *
 * Removes the files of figures that the chapter does not draw any more. `test/principles/` draws them again and
 * compares.
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { chaptersWithFigures, FIGURES, figuresOf, fileOf, languages } from "./figures/all.ts";

const wanted = process.argv.slice(2);
const unknown = wanted.filter(
  (number) => !chaptersWithFigures().some((name) => name.startsWith(`${number}-`)),
);
if (unknown.length > 0) throw new Error(`no figures for chapter ${unknown.join(", ")} in figures/chapters`);
mkdirSync(FIGURES, { recursive: true });
for (const chapter of chaptersWithFigures()) {
  if (wanted.length === 0 || wanted.includes(chapter.slice(0, 2))) await draw(chapter);
}

async function draw(chapter: string): Promise<void> {
  const drawn = new Set<string>();
  for (const figure of await figuresOf(chapter)) {
    for (const language of languages) {
      writeFileSync(join(FIGURES, fileOf(figure, language)), await figure.draw(language));
      drawn.add(fileOf(figure, language));
    }
    console.log(figure.name);
  }
  for (const file of readdirSync(FIGURES)) {
    if (file.startsWith(chapter.slice(0, 3)) && !drawn.has(file)) rmSync(join(FIGURES, file));
  }
}
