import { expect, it } from "vitest";
import type { Op } from "./op.ts";
import { apply, isRowGradient, notDifferentiable, requireSameDType } from "./op.ts";
import { input, shapeError } from "./tensor.ts";

type None = Record<string, never>;

const x = input("x", "float32", ["b", 3]);
const i = input("i", "int32", ["b"]);

it("an op without a gradient rule does not compile", () => {
  // @ts-expect-error -- vjp is missing: "not differentiable because ..." is an answer, absence is not
  const incomplete: Op<None> = {
    name: "Incomplete",
    infer: ([value]) => [{ dtype: value.dtype, shape: value.shape }],
    emit: (e, [value]) => [e.node("Identity", [value])],
  };
  expect(incomplete).not.toHaveProperty("vjp");
});

it("a call remembers its inputs and attributes, and hands both to the rules", () => {
  const seen: unknown[] = [];
  const probe: Op<{ readonly k: number }> = {
    name: "Probe",
    infer: ([value], { k }) => [{ dtype: value.dtype, shape: [...value.shape, k] }],
    emit: () => [],
    vjp: (dY, call) => {
      seen.push(dY, call);
      return [dY];
    },
  };
  const y = apply(probe, [x], { k: 7 });
  expect(y.toString()).toBe("float32[b, 3, 7]");
  const call = y.source.kind === "call" ? y.source.call : undefined;
  expect(call).toMatchObject({ name: "Probe", inputs: [x], outputs: [y], attributes: { k: 7 } });
  const dY = input("dY", "float32", y.shape);
  expect(typeof call?.vjp === "function" && call.vjp(dY)).toEqual([dY]);
  expect(seen).toEqual([dY, { inputs: [x], output: y, attributes: { k: 7 } }]);
});

it("rows of a table and dense gradients are told apart", () => {
  expect(isRowGradient({ indices: i, rows: x })).toBe(true);
  expect(isRowGradient(x)).toBe(false);
  expect(notDifferentiable("it rounds")).toEqual({ because: "it rounds" });
});

it("mixed element types are refused with both types", () => {
  expect(() => requireSameDType("add", [x, i])).toThrow(
    "ERR_DTYPE: add: inputs must have one element type; float32[b, 3] and int32[b]; cast one of them",
  );
  expect(() => requireSameDType("add", [x, x])).not.toThrow();
});

it("the error of a shape rule names op, rule and shapes", () => {
  expect(shapeError("slice", "it must fit", [x, i], "fix it").message).toBe(
    "ERR_SHAPE: slice: it must fit; float32[b, 3] and int32[b]; fix it",
  );
});
