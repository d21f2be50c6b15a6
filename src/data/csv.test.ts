import fc from "fast-check";
import Papa from "papaparse";
import { describe, expect, it } from "vitest";
import { messageOf } from "../../test/message-of.ts";
import { collect } from "../../test/temporary-files.ts";
import { csvRecords } from "./csv.ts";

/** All records of a text that arrives in the given pieces. */
async function parse(...pieces: string[]) {
  async function* open() {
    yield* pieces;
  }
  return (await collect(csvRecords(open, "x.csv"))).flat();
}

const cells = async (...pieces: string[]) => (await parse(...pieces)).map((record) => record.cells);

describe("csvRecords", () => {
  it("reads quoted cells with separators, line breaks and doubled quotes", async () => {
    expect(await parse('text,label\n"a, ""b""\r\nc",1\nplain "inner" quotes,2')).toEqual([
      { row: 1, cells: ["text", "label"] },
      { row: 2, cells: ['a, "b"\r\nc', "1"] },
      { row: 3, cells: ['plain "inner" quotes', "2"] },
    ]);
  });

  it.each(["\n", "\r\n", "\r"])("ends lines at %j", async (end) => {
    expect(await cells(["a,b", '"1",2', "3,", ""].join(end))).toEqual([
      ["a", "b"],
      ["1", "2"],
      ["3", ""],
    ]);
  });

  it("passes over blank lines but counts them, and keeps a quoted empty cell", async () => {
    expect(await parse('\na\n\n""\nb\n\n')).toEqual([
      { row: 2, cells: ["a"] },
      { row: 4, cells: [""] },
      { row: 5, cells: ["b"] },
    ]);
  });

  it.each([
    [
      "comma",
      "a,b\n1;2,3",
      [
        ["a", "b"],
        ["1;2", "3"],
      ],
    ],
    [
      "semicolon",
      'a;"x,y,z"\n1,2;3',
      [
        ["a", "x,y,z"],
        ["1,2", "3"],
      ],
    ],
    [
      "tab",
      "a\tb\n1,2\t3",
      [
        ["a", "b"],
        ["1,2", "3"],
      ],
    ],
    ["none", "a\n1", [["a"], ["1"]]],
  ])("takes the separator of the header: %s", async (_, text, expected) => {
    expect(await cells(text)).toEqual(expected);
  });

  it("waits for the whole header before it takes a separator", async () => {
    expect(await cells("a,x", ";b;c\n1;2;3")).toEqual([
      ["a,x", "b", "c"],
      ["1", "2", "3"],
    ]);
  });

  it("keeps NUL characters and lone surrogates", async () => {
    expect(await cells("a,b\n\0x\ud800,\udfff\n")).toEqual([
      ["a", "b"],
      ["\0x\ud800", "\udfff"],
    ]);
  });

  it("agrees with papaparse on any table, however the text is cut into pieces", async () => {
    const cell = fc.string({
      unit: fc.constantFrom("a", "中", " ", ",", '"', "\n", "\r\n", ";"),
      maxLength: 6,
    });
    const table = fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 6 });
    const cuts = fc.array(fc.nat(200), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(
        table,
        fc.constantFrom("\n", "\r\n"),
        fc.boolean(),
        cuts,
        async (rows, newline, quotes, at) => {
          const text = Papa.unparse([["h1", "h2", "h3"], ...rows], { newline, quotes });
          const places = [0, ...at.map((n) => n % text.length).sort((a, b) => a - b), text.length];
          const pieces = places.slice(1).map((end, i) => text.slice(places[i], end));
          const oracle = Papa.parse<string[]>(text, { delimiter: ",", newline }).data;
          expect(oracle).toEqual([["h1", "h2", "h3"], ...rows]);
          expect(await parse(...pieces)).toEqual(oracle.map((one, i) => ({ row: i + 1, cells: one })));
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe("ERR_CSV_QUOTE", () => {
  it("names the row where a quote opened that is never closed", async () => {
    const message = await messageOf(() => parse('text,label\nfine,1\n"Dear all,2\nmore,3\n'));
    expect(message).toMatch(
      /^ERR_CSV_QUOTE: .*the quote that opens "\\"Dear all,2.* is never closed \(x\.csv, row 3\)/,
    );
  });

  it("names the row where the quote opened when a later quote seems to close it", async () => {
    const message = await messageOf(() => parse('text,label\n"open,1\nfine,2\nsay "hi",3\n'));
    expect(message).toMatch(
      /^ERR_CSV_QUOTE: .*begins "\\"open,1.*" stands "h" \(x\.csv, row 2\); look at row 2: /,
    );
  });

  it("counts a quoted cell over several lines as one row", async () => {
    expect(await messageOf(() => parse('text\n"a\nb\nc"\n"broken'))).toContain("(x.csv, row 3)");
  });

  it("stops at a row of more than four million characters", async () => {
    const filler = "x,y\n".repeat(1 << 18); // 2^20 characters
    const message = await messageOf(() => parse('a,b\n"', filler, filler, filler, filler, filler));
    expect(message).toMatch(
      /^ERR_CSV_QUOTE: .*for over 4194304 characters, as after an unclosed quote \(x\.csv, row 2\)/,
    );
  });

  it("lets a cell of 100,000 characters pass", async () => {
    const long = "字".repeat(100_000);
    expect(await cells(`a,b\n"${long}`, '",1\n')).toEqual([
      ["a", "b"],
      [long, "1"],
    ]);
  });
});
