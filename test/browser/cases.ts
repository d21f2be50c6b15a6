/** Every case by name. Imports nothing of Node: the page bundles it. */
import type { Case } from "./case.ts";
import { layerCases } from "./layer-cases.ts";
import { lossCases } from "./loss-cases.ts";
import { modelCases } from "./model-cases.ts";
import { partCases } from "./part-cases.ts";
import { positionCases } from "./position-cases.ts";

export const cases: Readonly<Record<string, Case>> = {
  ...partCases,
  ...layerCases,
  ...positionCases,
  ...lossCases,
  ...modelCases,
};
