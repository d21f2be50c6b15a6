/**
 * Models that come with the package: a folder each in `models/`, in half precision.
 *
 * A name stands for its folder wherever a model folder is taken, unless a folder of that name stands in the working
 * directory.
 */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** English and Chinese: what training goes on from where no model is named. Made by scripts/builtin-model. */
export const BUILT_IN_MODEL = "attune-zh-en-mini";

export const builtInModels: readonly string[] = [BUILT_IN_MODEL];

/** The folder of a built-in model; any other name as it is. */
export function modelPath(name: string): string {
  return isBuiltIn(name) ? builtInFolder(name) : name;
}

/** Whether a name stands for a built-in model here. */
export function isBuiltIn(name: string): boolean {
  return builtInModels.includes(name) && !existsSync(name) && existsSync(builtInFolder(name));
}

/** `models/` stands beside both `src/` and `dist/`. */
function builtInFolder(name: string): string {
  return fileURLToPath(new URL(`../../../models/${name}`, import.meta.url));
}
