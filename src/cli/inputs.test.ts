import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { FakeTerminal } from "../../test/fake-cli.ts";
import { fileInputs, givenInputs, type InputItem, type InputSource, streamInputs } from "./inputs.ts";

const folder = mkdtempSync(join(tmpdir(), "attune-inputs-"));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

async function itemsOf(source: InputSource): Promise<InputItem[]> {
  const items: InputItem[] = [];
  for await (const batch of source.batches()) items.push(...batch);
  return items;
}

function stdin(...pieces: (string | Uint8Array)[]) {
  return new FakeTerminal({ stdin: pieces }).stdin.chunks();
}

// "你好，退款" and a line end, in GB18030
const gb18030 = Uint8Array.of(0xc4, 0xe3, 0xba, 0xc3, 0xa3, 0xac, 0xcd, 0xcb, 0xbf, 0xee, 0x0a);

describe("a file of lines", () => {
  it("gives a text a line, and keeps the place of blank ones", async () => {
    const source = await fileInputs(file("notes.txt", "one\r\n\ntwo, with a comma\n \t\nlast"), {});
    expect(await itemsOf(source)).toEqual([
      { line: 1, input: "one" },
      { line: 2, reason: "blank" },
      { line: 3, input: "two, with a comma" },
      { line: 4, reason: "blank" },
      { line: 5, input: "last" },
    ]);
    expect(await itemsOf(source)).toHaveLength(5); // once more from the start
  });

  it("is decoded and unpacked", async () => {
    expect(await itemsOf(await fileInputs(file("zh.txt", gb18030), {}))).toEqual([
      { line: 1, input: "你好，退款" },
    ]);
    expect(await itemsOf(await fileInputs(file("b.txt", "\ufeffa\n"), {}))).toEqual([
      { line: 1, input: "a" },
    ]);
    const packed = await fileInputs(file("zh.txt.gz", gzipSync(gb18030)), { encoding: "gb18030" });
    expect(await itemsOf(packed)).toEqual([{ line: 1, input: "你好，退款" }]);
  });

  it("comes in batches of at most 256", async () => {
    const source = await fileInputs(file("many.txt", "a\n".repeat(700)), {});
    const sizes: number[] = [];
    for await (const batch of source.batches()) sizes.push(batch.length);
    expect(sizes).toEqual([256, 256, 188]);
  });

  it("refuses a column name", async () => {
    await expect(fileInputs(file("c.txt", "a b\n"), { textColumn: "text" })).rejects.toThrow(
      /^ERR_OPTION_UNUSED: .*c\.txt/,
    );
  });

  it("that is not there is named, with the one that is near", async () => {
    file("sentences.txt", "a b\n");
    await expect(fileInputs(join(folder, "sentence.txt"), {})).rejects.toThrow(
      /^ERR_FILE_MISSING: .*"sentences.txt"/,
    );
  });
});

describe("a table", () => {
  it("gives the texts of a column, and broken rows in their places", async () => {
    const path = file("t.csv", "id,message\n1,hello\n2,\n3,one,more\n4,bye\n5\n");
    expect(await itemsOf(await fileInputs(path, { textColumn: "message" }))).toEqual([
      { line: 2, input: "hello" },
      { line: 3, reason: 'no text in "message"' },
      { line: 4, reason: expect.stringContaining("3 cells where the header has 2") as string },
      { line: 5, input: "bye" },
      { line: 6, reason: expect.stringContaining("1 cell where the header has 2") as string },
    ]);
  });

  it("gives pairs where it has them, and numbers as text", async () => {
    const path = file("p.jsonl", '{"text": 7, "text_pair": "b"}\n{"text": "a", "text_pair": null}\n');
    expect(await itemsOf(await fileInputs(path, {}))).toEqual([
      { line: 1, input: { text: "7", textPair: "b" } },
      { line: 2, reason: 'no text in "text_pair"' },
    ]);
  });

  it("without the column lists those it has", async () => {
    const path = file("m.csv", "massage,label\nhello,a\n");
    await expect(fileInputs(path, { textColumn: "message" })).rejects.toThrow(
      /^ERR_COLUMN_MISSING: .*--text massage/,
    );
  });
});

describe("a stream", () => {
  it("gives lines as they arrive", async () => {
    const source = streamInputs(stdin("on", "e\ntwo\n", "\n", "退款".slice(0, 1), "款"));
    const batches: (readonly InputItem[])[] = [];
    for await (const batch of source.batches()) batches.push(batch);
    expect(batches).toEqual([
      [
        { line: 1, input: "one" },
        { line: 2, input: "two" },
      ],
      [{ line: 3, reason: "blank" }],
      [{ line: 4, input: "退款" }],
    ]);
  });

  it("joins a character that arrives in two pieces", async () => {
    const bytes = new TextEncoder().encode("\ufeff退\n");
    const source = streamInputs(stdin(bytes.subarray(0, 4), bytes.subarray(4)));
    expect(await itemsOf(source)).toEqual([{ line: 1, input: "退" }]);
  });

  it("is in the encoding that was named, and in no other", async () => {
    expect(await itemsOf(streamInputs(stdin(gb18030), "gb18030"))).toEqual([
      { line: 1, input: "你好，退款" },
    ]);
    await expect(itemsOf(streamInputs(stdin(gb18030)))).rejects.toThrow(
      /^ERR_ENCODING: .*--encoding gb18030/,
    );
    await expect(itemsOf(streamInputs(stdin("a"), "klingon"))).rejects.toThrow(
      /^ERR_ENCODING_NAME: .*"klingon"/,
    );
  });
});

it("texts of the command line are counted", async () => {
  expect(await itemsOf(givenInputs(["a", " "]))).toEqual([
    { line: 1, input: "a" },
    { line: 2, reason: "blank" },
  ]);
});
