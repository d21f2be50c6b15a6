/** Every figure of the book: each file of `chapters/` is named like its chapter and exports `figures`. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Figure, Language } from "./svg.ts";

/** Where the drawn files lie. */
export const FIGURES = fileURLToPath(new URL("../../docs/principles/figures", import.meta.url));
export const languages: readonly Language[] = ["en", "zh"];

const FOLDER = fileURLToPath(new URL("chapters", import.meta.url));

/** The chapters that have figures, by name ("03-attention"). */
export function chaptersWithFigures(): string[] {
  return readdirSync(FOLDER)
    .map((file) => file.replace(/\.ts$/, ""))
    .sort();
}

/** The figures of a chapter, by its name; none where it has no file. */
export async function figuresOf(chapter: string): Promise<readonly Figure[]> {
  const path = join(FOLDER, `${chapter}.ts`);
  if (!existsSync(path)) return [];
  const module: unknown = await import(pathToFileURL(path).href);
  if (!hasFigures(module)) throw new Error(`${chapter}.ts exports no figures`);
  const strange = module.figures.find(({ name }) => !name.startsWith(chapter.slice(0, 3)));
  if (strange !== undefined) throw new Error(`${strange.name} does not begin with the number of ${chapter}`);
  return module.figures;
}

/** The file of a figure in a language, in `FIGURES`. */
export function fileOf({ name }: Figure, language: Language): string {
  return language === "en" ? `${name}.svg` : `${name}.zh-CN.svg`;
}

function hasFigures(module: unknown): module is { readonly figures: readonly Figure[] } {
  return (
    typeof module === "object" && module !== null && "figures" in module && Array.isArray(module.figures)
  );
}
