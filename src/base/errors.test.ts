import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AttuneError, errorCode, internal, nearest } from "./errors.ts";

const parts = {
  rule: "a label column must exist",
  found: "found columns text, topic",
  next: "pass --label topic",
};

describe("AttuneError", () => {
  it.each([
    [{}, "ERR_X: a label column must exist; found columns text, topic; pass --label topic"],
    [
      { file: "a.csv" },
      "ERR_X: a label column must exist; found columns text, topic (a.csv); pass --label topic",
    ],
    [
      { file: "a.csv", row: 3 },
      "ERR_X: a label column must exist; found columns text, topic (a.csv, row 3); pass --label topic",
    ],
  ])("says rule, finding, place %j and next step", (place, message) => {
    const error = new AttuneError("ERR_X", { ...parts, ...place });
    expect(error.message).toBe(message);
    expect(error).toMatchObject({ name: "AttuneError", code: "ERR_X", ...place });
  });

  it("keeps the error that caused it", () => {
    const cause = new Error("disk");
    expect(new AttuneError("ERR_X", { ...parts, cause }).cause).toBe(cause);
  });
});

describe("errorCode", () => {
  it("reads the code of ours, also of one that another thread sent", () => {
    expect(errorCode(new AttuneError("ERR_X", parts))).toBe("ERR_X");
    const revived = AttuneError.revive("ERR_Y", "ERR_Y: all of it");
    expect(errorCode(revived)).toBe("ERR_Y");
    expect(revived.message).toBe("ERR_Y: all of it");
  });

  it.each([
    ["an error of Node", Object.assign(new Error("no such file"), { code: "ENOENT" })],
    ["an error of ours that lost its code", Object.assign(new Error("x"), { name: "AttuneError" })],
    ["no error at all", { name: "AttuneError", code: "ERR_X" }],
    ["nothing", undefined],
  ])("is undefined for %s", (_, value) => {
    expect(errorCode(value)).toBeUndefined();
  });
});

it("an internal error asks for a report", () => {
  expect(internal("x is lost").message).toBe(
    "internal: x is lost; this is a bug in attune, please report it with the steps that led here",
  );
  expect(errorCode(internal("x"))).toBeUndefined();
});

describe("nearest", () => {
  it.each([
    ["lable", ["text", "label", "topic"], "label"],
    ["LABEL", ["text", "label"], "label"],
    ["tiny", ["mini", "tiny"], "tiny"],
    ["labels", ["label", "labels2"], "label"],
    ["x", ["text", "label"], undefined],
    ["category", ["text", "id"], undefined],
    ["label", [], undefined],
  ])("of %j among %j is %j", (name, candidates, answer) => {
    expect(nearest(name, candidates)).toBe(answer);
  });

  it("finds a name through any one slip: a letter left out, doubled or swapped", () => {
    const names = ["learningRate", "warmupShare", "maxLength", "weightDecay"];
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.nat(), fc.nat(2), (name, position, kind) => {
        const at = position % (name.length - 1);
        const slips = [
          name.slice(0, at) + name.slice(at + 1),
          name.slice(0, at) + name[at] + name.slice(at),
          name.slice(0, at) + name[at + 1] + name[at] + name.slice(at + 2),
        ];
        expect(nearest(slips[kind], names)).toBe(name);
      }),
    );
  });
});
