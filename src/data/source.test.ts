import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { parquetWriteBuffer } from "hyparquet-writer";
import { describe, expect, it } from "vitest";
import { collect, temporaryFolder } from "../../test/temporary-files.ts";
import { readColumns, readRows } from "./read.ts";

const { folder, write } = temporaryFolder();

/** Reads everything and expects the error, whose message holds `part`. */
async function fails(path: string, code: string, part: string, encoding?: string) {
  await expect(collect(readRows(path, { encoding }))).rejects.toMatchObject({
    code,
    file: path,
    message: expect.stringContaining(part),
  });
}

describe("errors about files", () => {
  it("ERR_FILE_MISSING names the nearest file beside it", async () => {
    write("near/train.csv", "a,b\n");
    await fails(
      join(folder, "near", "trian.csv"),
      "ERR_FILE_MISSING",
      '"train.csv" stands in the same folder',
    );
    await fails(join(folder, "no-such-folder", "x.csv"), "ERR_FILE_MISSING", "check the path");
    await fails(join(folder, "near", "train.csv", "x"), "ERR_FILE_MISSING", "check the path");
  });

  it("ERR_FILE_EMPTY", async () => {
    const header = "the file is empty";
    await fails(write("empty.csv", ""), "ERR_FILE_EMPTY", header);
    await fails(write("empty.csv.gz", gzipSync("")), "ERR_FILE_EMPTY", header);
    await fails(write("mark.csv", "\ufeff"), "ERR_FILE_EMPTY", header);
    await fails(write("blank.tsv", "\n\r\n"), "ERR_FILE_EMPTY", header);
    await fails(write("blank.jsonl", " \n"), "ERR_FILE_EMPTY", header);
  });

  it.skipIf(process.getuid?.() === 0)("ERR_FILE_UNREADABLE without permission", async () => {
    const path = write("secret.csv", "text,label\na,1\n");
    chmodSync(path, 0o000);
    await fails(path, "ERR_FILE_UNREADABLE", "EACCES");
  });

  it.skipIf(process.platform === "win32")(
    "ERR_FILE_UNREADABLE for a device and for a name that is too long",
    async () => {
      await fails("/dev/null", "ERR_FILE_UNREADABLE", "a pipe or a device");
      await fails(join(folder, "x".repeat(300)), "ERR_FILE_UNREADABLE", "ENAMETOOLONG");
    },
  );

  it("ERR_FORMAT_UNKNOWN", async () => {
    await fails(
      write("prose.txt", "Well, this is prose.\nIt has commas, two, here.\n"),
      "ERR_FORMAT_UNKNOWN",
      "rename the file",
    );
    await fails(write("vocab.txt", "[PAD]\n[UNK]\n"), "ERR_FORMAT_UNKNOWN", "neither the name nor");
    await fails(write("sheet.xlsx", "PK\x03\x04,\n,"), "ERR_FORMAT_UNKNOWN", "save the sheet as CSV");
  });

  it("ERR_GZIP when a packed file is cut off or damaged", async () => {
    const packed = gzipSync(`text,label\n${"some words,1\n".repeat(50_000)}`);
    await fails(
      write("cut.csv.gz", packed.subarray(0, packed.length - 20)),
      "ERR_GZIP",
      "damaged or cut off",
    );
    packed.fill(0xff, 30, 60);
    await fails(write("damaged.csv.gz", packed), "ERR_GZIP", "damaged or cut off");
  });

  it("ERR_COLUMN_TWICE", async () => {
    await fails(write("twice.csv", "text,label,text \na,1,b\n"), "ERR_COLUMN_TWICE", '"text" more than once');
  });

  it("ERR_JSON", async () => {
    await fails(write("cut.json", '[{"text":"a"},'), "ERR_JSON", "JSON");
    await fails(write("empty.json", "[]"), "ERR_JSON", "there are no records");
    await fails(write("names.json", '["a", "b"]'), "ERR_JSON", "is not a JSON object");
    await fails(
      write("object.json", '{\n  "data": [\n    {\n"text": "a"\n}\n  ]\n}'),
      "ERR_JSON",
      "row 1 is not a line of JSON",
    );
  });

  it("ERR_PARQUET when the file is cut off or is something else", async () => {
    const bytes = new Uint8Array(
      parquetWriteBuffer({ columnData: [{ name: "text", data: ["a", "b"], type: "STRING" }] }),
    );
    await fails(
      write("cut.parquet", bytes.subarray(0, bytes.length - 8)),
      "ERR_PARQUET",
      "write the file again",
    );
    await fails(write("not.parquet", "text,label\n"), "ERR_PARQUET", "write the file again");
    bytes.fill(0xff, 4, 12);
    await fails(write("damaged.parquet", bytes), "ERR_PARQUET", "write the file again");
  });

  it("ERR_OPTION_UNUSED for an encoding where the format has its own", async () => {
    const bytes = new Uint8Array(
      parquetWriteBuffer({ columnData: [{ name: "text", data: ["a"], type: "STRING" }] }),
    );
    await fails(write("whole.parquet", bytes), "ERR_OPTION_UNUSED", "always UTF-8", "gb18030");
  });

  it("ERR_FOLDER_LAYOUT", async () => {
    write("flat/a.txt", "a");
    await fails(join(folder, "flat"), "ERR_FOLDER_LAYOUT", "no sub-folders with files");
    write("splits/train/pos/a.txt", "a");
    await fails(join(folder, "splits"), "ERR_FOLDER_LAYOUT", `pass ${join(folder, "splits", "train")}`);
    mkdirSync(join(folder, "hollow", "label"), { recursive: true });
    await fails(join(folder, "hollow"), "ERR_FOLDER_LAYOUT", "no sub-folders with files");
  });

  it("names the file inside a folder whose bytes do not decode", async () => {
    write("mail/ham/a.txt", "fine");
    const bad = write("mail/ham/b.txt", Buffer.from([0x61, 0xff]));
    await expect(collect(readRows(join(folder, "mail")))).rejects.toMatchObject({
      code: "ERR_ENCODING",
      file: bad,
    });
  });

  it("reads the columns of a file with a header only", async () => {
    expect(await readColumns(write("header.csv", "text,label"))).toEqual(["text", "label"]);
  });
});
