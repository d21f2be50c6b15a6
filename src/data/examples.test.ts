import { createHash } from "node:crypto";
import { renameSync } from "node:fs";
import { join } from "node:path";
import { parquetWriteBuffer } from "hyparquet-writer";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../../test/temporary-files.ts";
import { type LoadOptions, loadExamples } from "./examples.ts";

const { folder, write } = temporaryFolder();

const load = (name: string, content: string | Uint8Array, options?: LoadOptions) =>
  loadExamples(write(name, content), options);

describe("loadExamples", () => {
  it("reads texts and labels, with rows, columns and the hash of the file", async () => {
    const content = 'text,label\n"where is it?",delivery\nmoney back, refund \n';
    const set = await load("plain.csv", content);
    expect(set).toEqual({
      source: join(folder, "plain.csv"),
      examples: [
        { text: "where is it?", labels: ["delivery"], row: 2 },
        { text: "money back", labels: ["refund"], row: 3 },
      ],
      badRows: [],
      columns: ["text", "label"],
      chosen: { text: "text", label: "label", textPair: undefined },
      sha256: createHash("sha256").update(content).digest("hex"),
      encoding: "utf-8",
    });
  });

  it("takes named columns, and a pair by default or by name", async () => {
    const options = { textColumn: "first", textPairColumn: "second", labelColumn: "same" };
    const named = await load("pairs.tsv", "first\tsecond\tsame\na\tb\tyes\n", options);
    expect(named.examples).toEqual([{ text: "a", textPair: "b", labels: ["yes"], row: 2 }]);
    const byDefault = await load("pairs.csv", "text,text_pair,label\na,b,1\n");
    expect(byDefault.examples).toEqual([{ text: "a", textPair: "b", labels: ["1"], row: 2 }]);
  });

  it("splits labels of a cell, trimmed and without repetitions, with multiLabel", async () => {
    const set = await load("multi.csv", "text,label\na, x | y|x|\nb,z\n", { multiLabel: true });
    expect(set.examples.map((example) => example.labels)).toEqual([["x", "y"], ["z"]]);
    const other = await load("multi2.csv", "text,label\na,x;y|z\n", {
      multiLabel: true,
      labelSeparator: ";",
    });
    expect(other.examples[0].labels).toEqual(["x", "y|z"]);
  });

  it("takes lists of labels from JSON, the empty list too", async () => {
    const lines = '{"text":"a","label":["x",2]}\n{"text":"b","label":[]}\n{"text":7,"label":true}';
    const set = await load("lists.jsonl", lines, { multiLabel: true });
    expect(set.examples.map(({ text, labels }) => [text, labels])).toEqual([
      ["a", ["x", "2"]],
      ["b", []],
      ["7", ["true"]],
    ]);
  });

  it("takes whole numbers of Parquet as labels", async () => {
    const columnData = [
      { name: "text", data: ["a", "b"], type: "STRING" as const },
      { name: "label", data: [3n, 12n], type: "INT64" as const },
    ];
    const set = await load("numbers.parquet", new Uint8Array(parquetWriteBuffer({ columnData })));
    expect(set.examples.map((example) => example.labels)).toEqual([["3"], ["12"]]);
    expect(set.encoding).toBeUndefined();
  });

  it("keeps the text as it is: NUL, lone surrogates, white space and 100,000 characters", async () => {
    const texts = ["\0a\0", "x\ud83dy", "  two \n spaces ", "长".repeat(100_000)];
    const set = await load("odd.json", JSON.stringify(texts.map((text) => ({ text, label: "x" }))));
    expect(set.examples.map((example) => example.text)).toEqual(texts);
    const csv = await load("odd.csv", `text,label\n"${texts[3]}",x\n\0a\0,y\n`);
    expect(csv.examples.map((example) => example.text)).toEqual([texts[3], texts[0]]);
  });

  it("reads a folder, with the file of each example, and hashes names and contents", async () => {
    write("mail/ham/1.txt", "hello");
    write("mail/spam/1.txt", "buy");
    const before = await loadExamples(join(folder, "mail"));
    expect(before.examples).toEqual([
      { text: "hello", labels: ["ham"], row: 1, file: "ham/1.txt" },
      { text: "buy", labels: ["spam"], row: 2, file: "spam/1.txt" },
    ]);
    write("mail/spam/1.txt", "buy now");
    const after = await loadExamples(join(folder, "mail"));
    expect(after.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(after.sha256).not.toBe(before.sha256);
    renameSync(join(folder, "mail/spam/1.txt"), join(folder, "mail/spam/2.txt"));
    expect((await loadExamples(join(folder, "mail"))).sha256).not.toBe(after.sha256);
  });

  it("needs no labels with requireLabels: false, but takes those that are there", async () => {
    const absent = await load("texts.csv", "text\na\n", { requireLabels: false });
    expect(absent.examples).toEqual([{ text: "a", labels: [], row: 2 }]);
    const some = await load("some.csv", "text,label\na,\nb,x\n", { requireLabels: false });
    expect(some.examples.map((example) => example.labels)).toEqual([[], ["x"]]);
  });
});

describe("bad rows", () => {
  const csv = "text,text_pair,label\na,b,1\n ,b,1\na,\t,1\na,b,\na,b\na,b,2\n";

  it("stop the run, all of them in one message: ERR_BAD_ROWS", async () => {
    await expect(load("bad.csv", csv)).rejects.toMatchObject({
      code: "ERR_BAD_ROWS",
      row: 3,
      message: expect.stringContaining(
        '4 rows are not: row 3: no text in "text"; row 4: no text in "text_pair"; row 5: no label in "label"; row 6: 2 cells',
      ),
    });
    await expect(load("many.csv", `text,label\n${",x\n".repeat(7)}`)).rejects.toThrow(
      /7 rows are not: .*; and 2 more/,
    );
  });

  it("are left out and listed with skipBadRows", async () => {
    const set = await load("bad.csv", csv, { skipBadRows: true });
    expect(set.badRows.map((bad) => bad.row)).toEqual([3, 4, 5, 6]);
    expect(set.examples.map((example) => example.row)).toEqual([2, 7]);
  });

  it("are lists without multiLabel, values that are no text, and empty cells with multiLabel", async () => {
    const lines =
      '{"text":"a","label":["x"]}\n{"text":{},"label":"x"}\n{"text":null,"label":"x"}\n{"label":"x"}\n{"text":"b","label":"x"}';
    const single = await load("kinds.jsonl", lines, { skipBadRows: true });
    expect(single.badRows.map((bad) => bad.reason)).toEqual([
      "a list of labels (pass --multi-label)",
      ...Array<string>(3).fill('no text in "text"'),
    ]);
    const multi = await load("cells.csv", "text,label\na,x\nb,\nc, | \n", {
      skipBadRows: true,
      multiLabel: true,
    });
    expect(multi.badRows.map((bad) => bad.row)).toEqual([3, 4]);
  });

  it("are numbers that are missing", async () => {
    const columnData = [
      { name: "text", data: ["a", "b"], type: "STRING" as const },
      { name: "label", data: [Number.NaN, 1], type: "DOUBLE" as const },
    ];
    const bytes = new Uint8Array(parquetWriteBuffer({ columnData }));
    const set = await load("missing.parquet", bytes, { skipBadRows: true });
    expect(set.badRows).toEqual([{ row: 1, reason: 'no label in "label"' }]);
    expect(set.examples).toEqual([{ text: "b", labels: ["1"], row: 2 }]);
  });

  it("name the file inside a folder", async () => {
    write("blank/a/1.txt", "fine");
    write("blank/b/2.txt", "\n");
    await expect(loadExamples(join(folder, "blank"))).rejects.toThrow('row 2 (b/2.txt): no text in "text"');
  });
});

describe("errors about columns", () => {
  it("ERR_COLUMN_MISSING lists the columns and suggests the nearest", async () => {
    await expect(load("near.csv", "Text,topic\na,1\n")).rejects.toMatchObject({
      code: "ERR_COLUMN_MISSING",
      message: expect.stringContaining('there is no "text" among "Text", "topic"'),
    });
    await expect(load("near.csv", "Text,topic\na,1\n")).rejects.toThrow("pass --text Text");
    await expect(load("far.csv", "text,topic\na,1\n")).rejects.toThrow(
      "pass --label with one of these names",
    );
    await expect(load("pair.csv", "text,label\na,1\n", { textPairColumn: "lable" })).rejects.toThrow(
      "pass --text-pair label",
    );
    await expect(load("named.csv", "text\na\n", { requireLabels: false, labelColumn: "y" })).rejects.toThrow(
      'no "y"',
    );
  });

  it("ERR_COLUMN_MISSING lists no more than twenty columns, cut to a readable length", async () => {
    const header = Array.from({ length: 25 }, (_, i) => `c${i}`.padEnd(60, "x")).join(",");
    await expect(load("wide.csv", `${header}\n`)).rejects.toThrow(/"c19x{37}\.\.\." and 5 more/);
  });

  it("ERR_COLUMN_MISSING says so when there seems to be no header", async () => {
    const hint = "the first row looks like data: put a header such as text,label above it";
    await expect(load("data1.csv", "I would like my money back,refund\n")).rejects.toThrow(hint);
    await expect(load("data2.tsv", "退款什么时候到账\t3\n")).rejects.toThrow(hint);
  });

  it("ERR_NO_ROWS for a header only, and when every row is bad", async () => {
    await expect(load("header.csv", "text,label\n")).rejects.toMatchObject({
      code: "ERR_NO_ROWS",
      message: expect.stringContaining("nothing below it"),
    });
    await expect(load("all-bad.csv", "text,label\n,x\n", { skipBadRows: true })).rejects.toMatchObject({
      code: "ERR_NO_ROWS",
      message: expect.stringContaining('all 1 rows were bad, the first: no text in "text"'),
    });
  });
});
