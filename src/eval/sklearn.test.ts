/** Whole reports against scikit-learn's numbers; see fixtures/sklearn-metrics. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { snap } from "../../test/snap.ts";
import { evaluateMultiLabel, evaluateSingleLabel } from "./index.ts";

const numbers = z.array(z.number());
const Goldens = z.array(
  z.object({
    name: z.string(),
    input: z.object({
      labelNames: z.array(z.string()),
      truth: numbers,
      probabilities: numbers,
      threshold: z.number().optional(),
    }),
    report: z.looseObject({ kind: z.enum(["single", "multi"]) }),
  }),
);

const file = new URL("../../fixtures/sklearn-metrics/goldens.json", import.meta.url);
const goldens = Goldens.parse(JSON.parse(readFileSync(file, "utf8")));

describe("reports equal scikit-learn's to 1e-12", () => {
  it("has sets of both kinds", () => {
    expect(goldens).toHaveLength(20);
    expect(new Set(goldens.map((golden) => golden.report.kind))).toEqual(new Set(["single", "multi"]));
  });

  it.each(goldens)("$report.kind: $name", ({ input, report }) => {
    const set = { ...input, probabilities: Float64Array.from(input.probabilities) };
    const actual = report.kind === "single" ? evaluateSingleLabel(set) : evaluateMultiLabel(set);
    expect(snap(actual, report, 1e-12)).toEqual(report);
  });
});
