/**
 * scaledDotProductAttention against its definition in PyTorch float64, and against 1.13's own function wherever that
 * can do the same (fixtures/transformer-torch): context, weights of each head, gradients of q, k and v.
 */
import { describe, expect, it } from "vitest";
import { paddingBias, scaledDotProductAttention, Scope } from "../../src/entry/nn.ts";
import { numbers } from "../compute.ts";
import { expectGolden } from "./compare.ts";
import type { GoldenCase } from "./golden.ts";
import { Goldens } from "./golden.ts";
import { Entrance, run, ways, withGradients } from "./run-case.ts";

interface AttentionCase extends GoldenCase {
  readonly options: { readonly numHeads: number; readonly dropout?: number };
  readonly given: {
    readonly hidden?: string;
    readonly bias?: string;
    /** A tokenizer's: 1 for tokens. */
    readonly attentionMask?: string;
  };
  /** Whether PyTorch 1.13 has a function that gives these numbers. */
  readonly torchAgrees: boolean;
}

const goldens = new Goldens<AttentionCase>("scaled-dot-product");

describe.each(ways)("scaledDotProductAttention against PyTorch, $title", ({ named, dialect }) => {
  it.each(goldens.rows)("%s", async (_, golden) => {
    const { tensors, feeds } = trace(golden, { named });
    expectGolden(await run(tensors, { feeds, dialect }), goldens.wanted(golden));
  });
});

it("has goldens of both kinds: PyTorch's own, and others", () => {
  expect(goldens.cases.filter(({ torchAgrees }) => torchAgrees).length).toBeGreaterThanOrEqual(6);
  expect(goldens.cases.filter(({ torchAgrees }) => !torchAgrees).length).toBeGreaterThanOrEqual(6);
});

it("gives queries that see nothing weights and context of exactly 0", async () => {
  const golden = goldens.named("queries that see nothing");
  const { weights, context } = await run(trace(golden).tensors);
  // [b*heads, t, s] and [t, b, h]: query 3 of 5 sees nothing
  const weightsOfQuery = Array.from({ length: 6 }, (_, row) => row * 5 + 3).flatMap((row) => [
    ...numbers(weights).slice(row * 11, (row + 1) * 11),
  ]);
  expect(new Set(weightsOfQuery)).toEqual(new Set([0]));
  expect(new Set(numbers(context).slice(3 * 3 * 14, 4 * 3 * 14))).toEqual(new Set([0]));
});

function trace(golden: AttentionCase, how: { readonly named?: boolean } = {}) {
  const { options, given } = golden;
  const entrance = new Entrance(how);
  const inputs = entrance.inputs(golden.inputs);
  const take = (name: keyof AttentionCase["given"]) => {
    const key = given[name];
    return key === undefined ? undefined : entrance.take(name, goldens.given(key));
  };
  const tokens = take("attentionMask");
  const scope = Scope.root({ training: options.dropout !== undefined });
  const { context, weights } = scaledDotProductAttention(scope, inputs.q, inputs.k, inputs.v, {
    ...options,
    hidden: take("hidden"),
    bias: tokens === undefined ? take("bias") : paddingBias(tokens, options.numHeads),
  });
  entrance.masks(scope.dropouts);
  const tensors = withGradients(golden, entrance, { outputs: { context, weights }, inputs });
  return { tensors, feeds: entrance.feeds };
}
