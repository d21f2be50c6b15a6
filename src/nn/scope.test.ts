import { describe, expect, it } from "vitest";
import { Scope } from "./scope.ts";

const options = { init: { kind: "zeros" }, decay: false } as const;

describe("Scope", () => {
  it("joins names to paths, as cd does folders", () => {
    const root = Scope.root({ training: false });
    const layer = root.at("encoder").at("layer").at(0);
    expect([root.path, layer.path]).toEqual(["", "encoder.layer.0"]);
    expect(layer.parameter("weight", [2, 3], options).source).toEqual({
      kind: "parameter",
      name: "encoder.layer.0.weight",
    });
    expect(root.parameter("bias", [2], options).source).toEqual({ kind: "parameter", name: "bias" });
  });

  it("lists parameters in order of declaration, from any level", () => {
    const root = Scope.root({ training: false });
    const weight = root.at("b").parameter("weight", [2, 3], { init: { kind: "ones" }, decay: true });
    const bias = root.at("a").parameter("bias", [2], options);
    expect(root.at("c").parameters).toEqual([
      { name: "b.weight", shape: [2, 3], tensor: weight, init: { kind: "ones" }, decay: true },
      { name: "a.bias", shape: [2], tensor: bias, ...options },
    ]);
  });

  it("gives one tensor for one path: weights may be tied", () => {
    const root = Scope.root({ training: false });
    const table = root.at("words").parameter("weight", [5, 2], options);
    expect(root.at("words").parameter("weight", [5, 2], options)).toBe(table);
    expect(root.parameters).toHaveLength(1);
    expect(() => root.at("words").parameter("weight", [2, 5], options)).toThrow(
      'ERR_SHAPE: model.words: the parameter "words.weight" must have one shape in every use; it is [5, 2], and here [2, 5]',
    );
  });

  it("keeps models apart", () => {
    Scope.root({ training: false }).parameter("weight", [2], options);
    expect(Scope.root({ training: false }).parameters).toEqual([]);
  });

  it("makes one mask an input for each dropout layer", () => {
    const root = Scope.root({ training: true });
    const scope = root.at("output").at("dropout");
    const mask = scope.dropoutMask(["t", "b", 4], 0.1);
    expect(mask).toMatchObject({
      dtype: "float32",
      shape: ["t", "b", 4],
      source: { kind: "input", name: "mask:output.dropout" },
    });
    expect(root.dropouts).toEqual([{ name: "output.dropout", rate: 0.1, mask }]);
  });

  it("numbers the masks of a layer that is used again, trace by trace", () => {
    const root = Scope.root({ training: true });
    const names = (scope: Scope) => {
      for (const size of [1, 2, 3]) scope.at("block").dropoutMask([size], 0.1);
      return scope.dropouts.map(({ name, mask }) => [name, mask.source, mask.shape]);
    };
    const wanted = ["block", "block~2", "block~3"].map((name, i) => [
      ...[name, { kind: "input", name: `mask:${name}` }, [i + 1]],
    ]);
    expect(names(root)).toEqual(wanted);
    expect(names(root.retrace({ training: true }))).toEqual(wanted);
  });

  it("carries the training switch down", () => {
    expect(Scope.root({ training: true }).at("a").at(1).training).toBe(true);
    expect(Scope.root({ training: false }).at("a").training).toBe(false);
  });
});
