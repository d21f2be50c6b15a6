import { describe, expect, it } from "vitest";
import type { HostTensor } from "../base/dtype.ts";
import { compute } from "../../test/compute.ts";
import type { Shape } from "../base/shape.ts";
import { input } from "../tensor/index.ts";
import type { Tensor } from "../tensor/index.ts";
import { LearnedPositions, SinusoidalPositions } from "./modules.ts";
import { sinusoidTable } from "./positions.ts";

const [b, s, d] = [2, 3, 4];
const learned = new LearnedPositions({ d, maxLength: 5, seed: 1 }).state().get("weight");

/** x, different everywhere, of three places and two sequences (or one), by layout. */
const layouts = [
  { title: "[s, b, d]", batchFirst: false, shape: [s, b, d], place: (i: number) => Math.floor(i / b) },
  { title: "[b, s, d]", batchFirst: true, shape: [b, s, d], place: (i: number) => i % s },
  { title: "[s, d]", batchFirst: true, shape: [s, d], place: (i: number) => i },
];
const kinds = [
  {
    kind: "sinusoids",
    make: (batchFirst: boolean) => new SinusoidalPositions({ d, batchFirst }),
    table: sinusoidTable(s, d),
  },
  {
    kind: "learned positions",
    make: (batchFirst: boolean) => new LearnedPositions({ d, maxLength: 5, seed: 1, batchFirst }),
    table: learned?.data ?? new Float32Array(0),
  },
];

describe.each(kinds)("$kind", ({ make, table }) => {
  it.each(layouts)("are added by place, $title", async ({ batchFirst, shape, place }) => {
    const data = Float32Array.from({ length: shape.reduce((n, size) => n * size) }, (_, i) => i / 8);
    const wanted = data.map((value, i) => value + table[place(Math.floor(i / d)) * d + (i % d)]);
    const module = make(batchFirst);
    for (const symbolic of [shape, shape.map((size, i) => (i < shape.length - 1 ? `n${i}` : size))]) {
      const y = await call(module, symbolic, { dtype: "float32", shape, data });
      expect(y).toEqual({ dtype: "float32", shape, data: wanted });
    }
  });

  it("say their layout where it is not kept", () => {
    expect(() => make(true)(input("x", "float32", ["b", "s", 5]))).toThrow(
      "Positions: x must be float32 [b, s, 4] or [s, 4]; float32[b, s, 5]",
    );
    expect(make(true).example().output.shape).toEqual(["b", "s", d]);
  });
});

async function call(
  module: ReturnType<(typeof kinds)[number]["make"]>,
  shape: Shape,
  value: HostTensor,
): Promise<HostTensor> {
  const x = input("x", "float32", shape);
  const state = module.state();
  const values = new Map<Tensor, HostTensor>([[x, value]]);
  const y = module(x);
  for (const { name, tensor } of module.parameters) {
    const weight = state.get(name);
    if (weight !== undefined) values.set(tensor, weight);
  }
  return (await compute({ result: y }, values)).result;
}
