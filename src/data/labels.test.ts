import { describe, expect, it } from "vitest";
import type { Example } from "./examples.ts";
import { buildLabelSchema, encodeLabels, looksMultiLabel } from "./labels.ts";

/** One example a list of labels; rows from 2. */
const examples = (...labels: string[][]): Example[] =>
  labels.map((one, i) => ({ text: `t${i}`, labels: one, row: i + 2 }));

const single = { multiLabel: false, source: "train.csv" };
const multi = { multiLabel: true, source: "train.csv" };

describe("buildLabelSchema", () => {
  it("orders names naturally", () => {
    const train = examples(["10"], ["9"], ["2"], ["2"], ["9"], ["10"]);
    expect(buildLabelSchema(train, single)).toEqual({ kind: "single", names: ["2", "9", "10"] });
  });

  it("gathers the labels of every example for multi-label", () => {
    const train = examples(["b", "a"], ["a"], [], ["b"]);
    expect(buildLabelSchema(train, multi)).toEqual({ kind: "multi", names: ["a", "b"] });
    expect(buildLabelSchema(examples(["a"], ["a"]), multi).names).toEqual(["a"]);
  });

  it("ERR_LABELS_TOO_FEW", () => {
    expect(() => buildLabelSchema(examples(["a"], ["a"]), single)).toThrow(
      expect.objectContaining({
        code: "ERR_LABELS_TOO_FEW",
        message: expect.stringContaining('every text has the label "a"'),
      }),
    );
    expect(() => buildLabelSchema(examples([], []), multi)).toThrow(
      expect.objectContaining({ code: "ERR_LABELS_TOO_FEW", message: expect.stringContaining("found none") }),
    );
  });

  it("ERR_LABEL_ONCE names the label and its row, unless allowRareLabels", () => {
    const train = examples(["a"], ["a"], ["b"], ["c"], ["c"]);
    expect(() => buildLabelSchema(train, single)).toThrow(
      expect.objectContaining({
        code: "ERR_LABEL_ONCE",
        row: 4,
        message: expect.stringMatching(/only for "b" \(row 4\) .*add examples, merge .*--allow-rare-labels/),
      }),
    );
    expect(() => buildLabelSchema(examples(["a", "b"], ["a"]), multi)).toThrow(
      expect.objectContaining({ code: "ERR_LABEL_ONCE" }),
    );
    expect(buildLabelSchema(train, { ...single, allowRareLabels: true }).names).toEqual(["a", "b", "c"]);
  });

  it("ERR_LABEL_ONCE lists five labels, with files where the source is a folder", () => {
    const train = examples(["a"], ["b"], ["c"], ["d"], ["e"], ["f"], ["g"]);
    const fromFolder = train.map((one) => ({ ...one, file: `${one.labels[0]}/1.txt` }));
    expect(() => buildLabelSchema(fromFolder, single)).toThrow('"a" (a/1.txt), "b" (b/1.txt)');
    expect(() => buildLabelSchema(train, single)).toThrow('"e" (row 6) and 2 more');
  });

  it("ERR_LABEL_ONCE suggests multi-label where labels look joined", () => {
    const train = examples(["joy"], ["joy"], ["joy|anger"], ["fear"], ["fear"]);
    expect(() => buildLabelSchema(train, single)).toThrow("pass --multi-label");
  });
});

describe("encodeLabels", () => {
  const names = ["a", "b", "c"];

  it("gives label numbers, [n]", () => {
    const encoded = encodeLabels(examples(["c"], ["a"], ["b"], ["c"]), { kind: "single", names }, "dev.csv");
    expect(encoded).toEqual({ kind: "single", ids: Int32Array.of(2, 0, 1, 2) });
  });

  it("gives flags, [n, c]", () => {
    const encoded = encodeLabels(examples(["c", "a"], [], ["b"]), { kind: "multi", names }, "dev.csv");
    expect(encoded).toEqual({ kind: "multi", flags: Float32Array.of(1, 0, 1, 0, 0, 0, 0, 1, 0) });
  });

  it("ERR_LABEL_UNKNOWN names labels, rows and the nearest known name", () => {
    const schema = { kind: "single" as const, names: ["refund", "delivery"] };
    const dev = examples(["refund"], ["refunds"], ["weather"], ["refunds"]);
    expect(() => encodeLabels(dev, schema, "dev.csv")).toThrow(
      expect.objectContaining({
        code: "ERR_LABEL_UNKNOWN",
        file: "dev.csv",
        row: 3,
        message: expect.stringMatching(
          /unknown there: "refunds" \(row 3\), "weather" \(row 4\) .*if "refund" was meant/,
        ),
      }),
    );
    expect(() => encodeLabels(examples(["weather"]), schema, "dev.csv")).toThrow(
      "add examples of it to the training data",
    );
  });

  it("ERR_LABEL_UNKNOWN suggests multi-label where labels look joined", () => {
    const schema = { kind: "single" as const, names: ["joy", "joy|fear"] };
    expect(() => encodeLabels(examples(["joy"], ["joy|anger"]), schema, "dev.csv")).toThrow(
      "pass --multi-label",
    );
    expect(() =>
      encodeLabels(examples(["joy"], ["joy|x"]), { ...schema, kind: "multi" }, "dev.csv"),
    ).not.toThrow("--multi-label");
  });

  it("counts several labels under a single-label schema as a fault of its caller", () => {
    expect(() => encodeLabels(examples(["a", "b"]), { kind: "single", names }, "dev.csv")).toThrow(
      /^internal: /,
    );
  });
});

describe("looksMultiLabel", () => {
  it.each([
    [true, ["a|b"], ["a"]],
    [true, ["a|b"], ["b|c"]],
    [false, ["a|b"], ["c|d"]],
    [false, ["a"], ["b"]],
    [false, ["a|b"], ["a|b"]],
  ])("%s for %j and %j", (expected, first, second) => {
    expect(looksMultiLabel(examples(first, second))).toBe(expected);
  });

  it("takes another separator", () => {
    expect(looksMultiLabel(examples(["a;b"], ["a"]))).toBe(false);
    expect(looksMultiLabel(examples(["a;b"], ["a"]), ";")).toBe(true);
  });
});
