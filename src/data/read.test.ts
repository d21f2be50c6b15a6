import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { parquetWriteBuffer } from "hyparquet-writer";
import { describe, expect, it } from "vitest";
import { collect, temporaryFolder } from "../../test/temporary-files.ts";
import { readColumns, readRows } from "./read.ts";
import type { BadRow } from "./rows.ts";

const { folder, write } = temporaryFolder();

const rows = (path: string, encoding?: string) => collect(readRows(path, { encoding }));

const parquet = new Uint8Array(
  parquetWriteBuffer({
    columnData: [
      { name: "text", data: ["退款", "where\nis it"], type: "STRING" },
      { name: "label", data: ["refund", "delivery"], type: "STRING" },
    ],
    rowGroupSize: 1,
  }),
);

describe("readRows and readColumns", () => {
  const records = [
    { text: "退款", label: "refund" },
    { text: "where\nis it", label: "delivery" },
  ];
  const csv = 'text,label\n退款,refund\n"where\nis it",delivery\n';
  const lines = records.map((record) => JSON.stringify(record)).join("\r\n");
  const cases: [string, string | Uint8Array, number][] = [
    ["a.csv", csv, 2],
    ["b.json", JSON.stringify(records, null, 2), 1],
    ["c.jsonl", lines, 1],
    ["d.ndjson", `${lines}\n\n`, 1],
    ["e.json", lines, 1],
    ["f.parquet", parquet, 1],
    ["g.PQ", parquet, 1],
    ["csv-without-extension", csv, 2],
    ["semicolons.data", csv.replaceAll(",", ";"), 2],
    ["lines.txt", lines, 1],
    ["array.txt", JSON.stringify(records), 1],
    ["parquet.bin", parquet, 1],
  ];

  it.each(cases)("%s, plain and gzipped", async (name, content, firstRow) => {
    const expected = records.map((fields, i) => ({ row: firstRow + i, fields }));
    for (const path of [
      write(name, content),
      write(`${name}.gz`, gzipSync(content)),
      write(`packed-${name}`, gzipSync(content)),
    ]) {
      expect(await readColumns(path)).toEqual(["text", "label"]);
      expect(await rows(path)).toEqual(expected);
    }
  });

  it.each(["a.tsv", "b.tab", "tsv.txt", "c.csv"])("TSV: %s", async (name) => {
    const path = write(name, "text\tlabel\r\nwhere, is it\tdelivery\r\n\r\n退款\trefund");
    expect(await rows(path)).toEqual([
      { row: 2, fields: { text: "where, is it", label: "delivery" } },
      { row: 4, fields: { text: "退款", label: "refund" } },
    ]);
  });

  it("unquotes TSV cells that are quoted as a whole and leaves other quotes alone", async () => {
    const path = write("quotes.tsv", 'text\tlabel\n"he said ""no"""\t1\n"PC" slot missing\t2\n"open\t3\n');
    expect((await rows(path)).map((row) => row.fields.text)).toEqual([
      'he said "no"',
      '"PC" slot missing',
      '"open',
    ]);
  });

  it("reads CSV in every encoding", async () => {
    const bytes: [string, Uint8Array][] = [
      ["utf8.csv", Buffer.from(csv)],
      ["utf8-mark.csv", Buffer.from(`\ufeff${csv}`)],
      ["utf16le.csv", Buffer.from(`\ufeff${csv}`, "utf16le")],
      ["utf16be.csv", Buffer.from(`\ufeff${csv}`, "utf16le").swap16()],
      ["utf16.unknown", Buffer.from(`\ufeff${csv}`, "utf16le")],
      ["gb.csv", Buffer.from(csv.replace("退款", "\xcd\xcb\xbf\xee"), "latin1")],
    ];
    for (const [name, content] of bytes) {
      expect(await rows(write(name, content))).toEqual(records.map((fields, i) => ({ row: 2 + i, fields })));
    }
  });

  it("tells the format of UTF-16 without an extension", async () => {
    const jsonl = Buffer.from(`\ufeff${lines}`, "utf16le");
    expect(await rows(write("utf16-lines", jsonl))).toEqual(
      records.map((fields, i) => ({ row: 1 + i, fields })),
    );
  });

  it("reads what a forced encoding says", async () => {
    const path = write("latin1.csv", Buffer.from("text,label\ncaf\xe9 \xa35,1\n", "latin1"));
    expect(await rows(path, "latin1")).toEqual([{ row: 2, fields: { text: "café £5", label: "1" } }]);
    await expect(rows(path)).rejects.toMatchObject({ code: "ERR_ENCODING", file: path });
  });

  it("keeps JSON values, lone surrogates and NUL", async () => {
    const path = write("values.jsonl", '{"a":"\\ud800x\\u0000","b":[1,"2"],"c":null}\n{"d":true}');
    expect(await readColumns(path)).toEqual(["a", "b", "c", "d"]);
    expect(await rows(path)).toEqual([
      { row: 1, fields: { a: "\ud800x\0", b: [1, "2"], c: null } },
      { row: 2, fields: { d: true } },
    ]);
  });

  it("calls columns without a name by their place", async () => {
    expect(await readColumns(write("unnamed.csv", ' v1 ,,"",v4\n'))).toEqual([
      "v1",
      "column 2",
      "column 3",
      "v4",
    ]);
  });

  it("reads a gzipped file much longer than a chunk", async () => {
    const text = Array.from({ length: 20_000 }, (_, i) => `"message ""${i}"", 订单",${i % 7}`).join("\n");
    const all = await rows(write("long.csv.gz", gzipSync(`text,label\n${text}\n`)));
    expect(all).toHaveLength(20_000);
    expect(all.every(({ row, fields }, i) => row === i + 2 && fields.text === `message "${i}", 订单`)).toBe(
      true,
    );
  });

  it("reads a folder of labels, in order, also gzipped texts", async () => {
    write("mail/README", "not a label");
    write("mail/spam/b.txt", "win\r\nnow\r\n");
    write("mail/spam/a.txt.gz", gzipSync("free money"));
    write("mail/spam/.DS_Store", new Uint8Array([0xff]));
    write("mail/.git/config", "hidden");
    write("mail/ham/1", Buffer.from("\xc4\xe3\xba\xc3", "latin1"));
    expect(await readColumns(join(folder, "mail"))).toEqual(["text", "label"]);
    expect(await rows(join(folder, "mail"))).toEqual([
      { row: 1, file: "ham/1", fields: { text: "你好", label: "ham" } },
      { row: 2, file: "spam/a.txt.gz", fields: { text: "free money", label: "spam" } },
      { row: 3, file: "spam/b.txt", fields: { text: "win\r\nnow", label: "spam" } },
    ]);
  });
});

it("reads a folder of many files in order", async () => {
  const names = Array.from({ length: 130 }, (_, i) => `many/label/${String(i).padStart(3, "0")}`);
  for (const name of names) write(name, `text of ${name}`);
  const all = await rows(join(folder, "many"));
  expect(all.map((one) => [one.row, one.fields.text])).toEqual(
    names.map((name, i) => [i + 1, `text of ${name}`]),
  );
});

describe("bad rows", () => {
  const csv = 'text,label\na,1\nb, c,2\n"ok, too",3\nlonely\n';

  it("stop reading, with the row: ERR_BAD_ROWS", async () => {
    await expect(rows(write("bad.csv", csv))).rejects.toMatchObject({
      code: "ERR_BAD_ROWS",
      row: 3,
      message: expect.stringContaining(
        "row 3: 3 cells where the header has 2 (a cell that holds a separator",
      ),
    });
  });

  const skipped = async (path: string) => {
    const bad: BadRow[] = [];
    const good = await collect(readRows(path, { onBadRow: (one) => bad.push(one) }));
    return { bad, good: good.map((row) => row.row) };
  };

  it("go to a listener and are left out", async () => {
    const { bad, good } = await skipped(write("bad.csv", csv));
    expect(bad.map((one) => one.row)).toEqual([3, 5]);
    expect(bad[1].reason).toBe("1 cell where the header has 2");
    expect(good).toEqual([2, 4]);
  });

  it("of JSON are lines that do not parse and values that are not objects, each reported once", async () => {
    const { bad, good } = await skipped(
      write("bad.jsonl", '{"text":"a"}\n{"text":\n[1]\n"x"\n{"text":"b"}\n'),
    );
    expect(bad.map((one) => one.row)).toEqual([2, 3, 4]);
    expect(bad[0].reason).toMatch(/^not a line of JSON \(/);
    expect(bad[1].reason).toBe("not a JSON object");
    expect(good).toEqual([1, 5]);
  });
});
