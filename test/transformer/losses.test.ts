/**
 * The losses against PyTorch in float64 (fixtures/transformer-torch): value, and gradient of the logits (and of a
 * teacher's), for every combination of their options; logits of 150 and more, too.
 */
import { describe, expect, it } from "vitest";
import type { Tensor } from "../../src/entry/nn.ts";
import {
  binaryCrossEntropy,
  crossEntropy,
  focalLoss,
  klDivergence,
  meanSquaredError,
} from "../../src/entry/nn.ts";
import { numbers } from "../compute.ts";
import { expectGolden } from "./compare.ts";
import type { GoldenCase } from "./golden.ts";
import { Goldens } from "./golden.ts";
import { Entrance, run, ways, withGradients } from "./run-case.ts";

interface LossCase extends GoldenCase {
  readonly loss: "crossEntropy" | "binaryCrossEntropy" | "focalLoss" | "klDivergence" | "meanSquaredError";
  readonly options: {
    readonly ignoreIndex?: number;
    readonly labelSmoothing?: number;
    readonly gamma?: number;
    readonly alpha?: number;
  };
  /** By name: labels, targets, example weights, logits; classWeights and posWeights, which are options. */
  readonly given: Readonly<Record<string, string>>;
}

const goldens = new Goldens<LossCase>("losses");

describe.each(ways)("against PyTorch, $title", ({ named, dialect }) => {
  it.each(goldens.rows)("%s", async (_, golden) => {
    const entrance = new Entrance({ named });
    const tensors = trace(golden, entrance);
    const { feeds } = entrance;
    expectGolden(await run(tensors, { feeds, dialect }), goldens.wanted(golden));
  });
});

it("has every option of every loss, on and off", () => {
  const said = goldens.cases.flatMap(({ loss, options, given }) =>
    [...Object.keys(options), ...Object.keys(given), "nothing"].map((name) => `${loss} ${name}`),
  );
  for (const wanted of [
    "crossEntropy ignoreIndex",
    "crossEntropy labelSmoothing",
    "crossEntropy classWeights",
    "crossEntropy exampleWeights",
    "binaryCrossEntropy posWeights",
    "binaryCrossEntropy exampleWeights",
    "focalLoss gamma",
    "focalLoss alpha",
    "focalLoss exampleWeights",
    "klDivergence exampleWeights",
    "meanSquaredError nothing",
  ])
    expect(said).toContain(wanted);
});

function trace(golden: LossCase, entrance: Entrance): Readonly<Record<string, Tensor>> {
  const { given } = golden;
  const take = (name: string) =>
    name in given ? entrance.take(name, goldens.given(given[name])) : undefined;
  const needed = (name: string) => entrance.take(name, goldens.given(given[name]));
  // logits are the formula's unless they are given
  const inputs = "logits" in given ? { logits: needed("logits") } : entrance.inputs(golden.inputs);
  const loss = lossOf(golden, inputs, { needed, exampleWeights: take("exampleWeights") });
  return withGradients(golden, entrance, { outputs: { loss }, inputs, loss });
}

function lossOf(
  { loss, options, given }: LossCase,
  { logits, teacher }: Readonly<Record<string, Tensor>>,
  {
    needed,
    exampleWeights,
  }: { readonly needed: (name: string) => Tensor; readonly exampleWeights: Tensor | undefined },
): Tensor {
  const list = (name: string) => (name in given ? { [name]: [...numbers(goldens.given(given[name]))] } : {});
  switch (loss) {
    case "crossEntropy":
      return crossEntropy(logits, needed("labels"), { ...options, ...list("classWeights"), exampleWeights });
    case "binaryCrossEntropy":
      return binaryCrossEntropy(logits, needed("targets"), { ...list("posWeights"), exampleWeights });
    case "focalLoss":
      return focalLoss(logits, needed("targets"), { ...options, exampleWeights });
    case "klDivergence":
      return klDivergence(logits, teacher, { exampleWeights });
    case "meanSquaredError":
      return meanSquaredError(logits, needed("targets"));
  }
}
