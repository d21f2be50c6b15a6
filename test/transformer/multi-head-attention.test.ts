/**
 * MultiHeadAttention against PyTorch's nn.MultiheadAttention in float64 (fixtures/transformer-torch): output, mean
 * weights, weights of each head, every gradient; and against its definition since 2.5 where a query sees nothing.
 */
import { describe, expect, it } from "vitest";
import type { MultiHeadAttentionOptions } from "../../src/entry/nn.ts";
import { MultiHeadAttention } from "../../src/entry/nn.ts";
import { numbers } from "../compute.ts";
import { expectGolden } from "./compare.ts";
import type { GoldenCase } from "./golden.ts";
import { Goldens } from "./golden.ts";
import { Entrance, run, ways, withGoldenState, withGradients } from "./run-case.ts";

interface AttentionCase extends GoldenCase {
  readonly options: MultiHeadAttentionOptions;
  readonly call: {
    readonly keyPaddingMask?: string;
    readonly attnMask?: string;
    readonly isCausal?: boolean;
  };
  /** Whether PyTorch 1.13 itself gives these numbers: not where a query sees nothing. */
  readonly torchAgrees: boolean;
}

const goldens = new Goldens<AttentionCase>("multi-head-attention");

describe.each(ways)("MultiHeadAttention against PyTorch, $title", ({ named, dialect }) => {
  it.each(goldens.rows)("%s", async (_, golden) => {
    const { tensors, feeds } = trace(golden, { named });
    expectGolden(await run(tensors, { feeds, dialect }), goldens.wanted(golden));
  });
});

it("has goldens of both kinds: PyTorch's own, and queries that see nothing", () => {
  const own = goldens.cases.filter(({ torchAgrees }) => torchAgrees);
  expect(own.length).toBeGreaterThan(30);
  const zeroRows = goldens.cases.filter((golden) => {
    const each = goldens.wanted(golden).get("each");
    return each !== undefined && rows(each.shape, numbers(each)).some((row) => row.every((w) => w === 0));
  });
  expect(zeroRows.length).toBeGreaterThanOrEqual(8);
  expect(zeroRows.every(({ torchAgrees }) => !torchAgrees)).toBe(true);
});

it("gives queries that see nothing weights of exactly 0", async () => {
  const golden = goldens.named("cross: a sequence of padding");
  const { each, output } = await run(trace(golden).tensors);
  const wanted = goldens.wanted(golden).get("each");
  const zero = rows(each.shape, numbers(wanted ?? each)).map((row) => row.every((w) => w === 0));
  expect(rows(each.shape, numbers(each)).map((row) => row.every((w) => w === 0))).toEqual(zero);
  expect(zero.filter(Boolean)).toHaveLength(2 * 5); // both heads of the second sequence, five queries
  expect(numbers(output).every(Number.isFinite)).toBe(true);
});

function trace(golden: AttentionCase, how: { readonly named?: boolean } = {}) {
  const { options, call } = golden;
  const entrance = new Entrance(how);
  const module = withGoldenState(new MultiHeadAttention(options), goldens.state(golden));
  const inputs = entrance.inputs(golden.inputs);
  const { query, key = query, value = key } = inputs;
  const mask = (name: "keyPaddingMask" | "attnMask") => {
    const given = call[name];
    return given === undefined ? undefined : entrance.take(name, goldens.given(given));
  };
  const asked = {
    keyPaddingMask: mask("keyPaddingMask"),
    attnMask: mask("attnMask"),
    isCausal: call.isCausal,
    needWeights: true,
  };
  const { output, weights: mean } = module(query, key, value, asked);
  const { weights: each } = module(query, key, value, { ...asked, averageAttnWeights: false });
  if (mean === undefined || each === undefined) throw new Error("no weights");
  const outputs = { output, mean, each };
  const tensors = withGradients(golden, entrance, { outputs, inputs, parameters: module.parameters });
  return { tensors, feeds: entrance.feeds };
}

function rows(shape: readonly number[], data: ArrayLike<number>): readonly (readonly number[])[] {
  const width = shape[shape.length - 1];
  return Array.from({ length: data.length / width }, (_, i) =>
    Array.from({ length: width }, (_unused, j) => data[i * width + j]),
  );
}
