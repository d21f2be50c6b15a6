import { expect, it } from "vitest";
import type { HostTensor } from "../base/dtype.ts";
import { compute, numbers } from "../../test/compute.ts";
import { input } from "../tensor/index.ts";
import type { Tensor } from "../tensor/index.ts";
import { relativeBias, relativeBucket } from "./relative-bias.ts";
import { Scope } from "./scope.ts";

const far = 9000;
const length = input("length", "float32", ["n"]);

/** Distances of keys to queries, where one of the two lengths is named: a row, then a column. */
const ways = [
  { title: "keys far behind the query", sizes: { t: 1, s: "n" }, sign: 1 },
  { title: "keys far before the query", sizes: { t: "n", s: 1 }, sign: -1 },
] as const;

it.each(
  ways.flatMap((way) => [
    { ...way, bidirectional: true },
    { ...way, bidirectional: false },
  ]),
)("$title, in a graph with a named length, bidirectional $bidirectional", async (way) => {
  const { sizes, sign, bidirectional } = way;
  const scope = Scope.root({ training: false });
  const options = { numBuckets: 8, maxDistance: 20, bidirectional };
  const bias = relativeBias(scope, sizes, { numHeads: 1, ...options });
  const values = new Map<Tensor, HostTensor>([
    [length, { dtype: "float32", shape: [far], data: new Float32Array(far) }],
    [
      scope.parameters[0].tensor,
      { dtype: "float32", shape: [8, 1], data: Float32Array.from({ length: 8 }, (_, bucket) => bucket) },
    ],
  ]);
  const { found } = await compute({ found: bias }, values);
  expect([...numbers(found)]).toEqual(
    Array.from({ length: far }, (_, i) => relativeBucket(sign * i, options)),
  );
});
