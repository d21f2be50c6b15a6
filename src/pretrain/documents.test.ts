import { chmodSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { parquetWriteBuffer } from "hyparquet-writer";
import { describe, expect, it } from "vitest";
import { collect, temporaryFolder } from "../../test/temporary-files.ts";
import { corpusFiles, documents, type DocumentOptions } from "./documents.ts";

const { folder, write } = temporaryFolder();
const plain: DocumentOptions = { textColumn: "text" };

/** The documents of one or more paths, one after the other. */
async function read(paths: string | string[], options: Partial<DocumentOptions> = {}): Promise<string[]> {
  const all = { ...plain, ...options };
  const texts: string[] = [];
  for (const file of await corpusFiles([paths].flat(), all))
    texts.push(...(await collect(documents(file, all))));
  return texts;
}

const layoutOf = async (path: string) => (await corpusFiles([path], plain))[0].layout;

/** Two documents of two lines each. */
const blocks = "The river rose.\nIt fell again.\n\n河水上涨了。\n后来又退了。\n";
const asDocuments = ["The river rose.\nIt fell again.", "河水上涨了。\n后来又退了。"];
const wiki = `<doc id="1" url="u" title="River">\n${blocks.replace("\n\n", '\n</doc>\n<doc id="2" url="u" title="河">\n\n')}\n</doc>\n`;
const rows = asDocuments.map((text, i) => ({ text, id: i }));

describe("layouts", () => {
  it.each([
    ["blank lines", "blank.txt", blocks],
    [
      "several blank lines with spaces, none at the end",
      "spaces.txt",
      `\n\n${blocks.replace("\n\n", "\n \n\t\n").trimEnd()}`,
    ],
    ["carriage returns", "crlf.txt", blocks.replaceAll("\n", "\r\n")],
    ["WikiExtractor's blocks", "wiki_00", wiki],
    ["WikiExtractor's blocks with carriage returns", "wiki_01", wiki.replaceAll("\n", "\r\n")],
    ["gzip, whatever the name", "packed.txt", gzipSync(blocks)],
    ["JSON lines", "rows.jsonl", rows.map((row) => `${JSON.stringify(row)}\n`).join("")],
    ["gzipped JSON lines", "rows.jsonl.gz", gzipSync(rows.map((row) => `${JSON.stringify(row)}\n`).join(""))],
    ["a JSON array", "rows.json", JSON.stringify(rows)],
    ["CSV", "rows.csv", `id,text\n${rows.map(({ id, text }) => `${id},"${text}"\n`).join("")}`],
    ["JSON lines named .txt", "rows.txt", rows.map((row) => `${JSON.stringify(row)}\n`).join("")],
  ])("%s", async (_, name, content) => {
    expect(await read(write(name, content))).toEqual(asDocuments);
  });

  it("Parquet, with an encoding named for the other files", async () => {
    const bytes = parquetWriteBuffer({ columnData: [{ name: "text", data: asDocuments, type: "STRING" }] });
    const path = write("rows.parquet", new Uint8Array(bytes));
    expect(await read(path, { encoding: "gb18030" })).toEqual(asDocuments);
  });

  it("a document a line where there is no blank line", async () => {
    expect(await read(write("lines.txt", "one\n  two\nthree"))).toEqual(["one", "  two", "three"]);
    const long = "all in one line ".repeat(200_000).trim();
    expect(await read(write("one-line.txt", long))).toEqual([long]);
    expect(await read(write("ending.txt", "one\ntwo\n\n\n"))).toEqual(["one", "two"]);
  });

  it("a document a line also where a blank line comes only far into the file", async () => {
    const line = `${"a word ".repeat(1500)}\n`;
    const path = write("far.txt", `${line.repeat(120)}\nthe last\n`);
    expect(await layoutOf(path)).toBe("lines");
    expect(await read(path)).toHaveLength(121);
  });
});

describe("WikiExtractor's blocks", () => {
  it("an empty one is none, and one that is not ended ends where the next begins", async () => {
    const open = (id: number) => `<doc id="${id}" url="" title="t">\n`;
    const path = write(
      "unended",
      `${open(1)}\n</doc>\n${open(2)}two\n${open(3)}three\n</doc>\n${open(4)}four`,
    );
    expect(await read(path)).toEqual(["two", "three", "four"]);
  });

  it("are told from text that begins with a mark", async () => {
    expect(await layoutOf(write("mark.txt", "<p>a paragraph</p>\n<p>another</p>\n"))).toBe("lines");
    expect(await layoutOf(write("json-like.txt", "{curly} words\nmore\n"))).toBe("lines");
  });
});

describe("encodings", () => {
  const utf16 = (text: string) => Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, "utf16le")]);
  it.each([
    ["UTF-8 with a byte order mark", `\ufeff${blocks}`, undefined],
    ["UTF-16 LE", utf16(blocks), undefined],
    ["UTF-16 BE", utf16(blocks).swap16(), undefined],
  ])("%s", async (_, content, encoding) => {
    expect(await read(write("encoded.txt", content), { encoding })).toEqual(asDocuments);
  });

  it("GB18030, found out or named; Big5 and others when named", async () => {
    // "河水。" and "上涨。" in GB18030, "河水" in Big5
    const gb = Buffer.concat([
      Buffer.from("bad3cbaea1a3", "hex"),
      Buffer.from("\n\n"),
      Buffer.from("c9cfd5c7a1a3", "hex"),
    ]);
    expect(await read(write("gb.txt", gb))).toEqual(["河水。", "上涨。"]);
    expect(await read(write("gb.txt", gb), { encoding: "gb18030" })).toEqual(["河水。", "上涨。"]);
    expect(await read(write("big5.txt", Buffer.from("aa65a4f4", "hex")), { encoding: "big5" })).toEqual([
      "河水",
    ]);
  });

  it("what does not decode is refused by byte and line, also where the encoding is named", async () => {
    const path = write("latin1.txt", Buffer.from("line one\nd\xe9j\xe0 vu\n", "latin1"));
    await expect(read(path)).rejects.toThrow(/ERR_ENCODING.*byte 10 .*line 2.*latin1\.txt.*--encoding/);
    await expect(read(join(folder, "gb.txt"), { encoding: "utf-8" })).rejects.toThrow(/ERR_ENCODING.*line 1/);
    await expect(read(path, { encoding: "klingon" })).rejects.toThrow(/ERR_ENCODING_NAME.*klingon/);
  });

  it("a binary file is no text", async () => {
    const bytes = Uint8Array.from({ length: 4096 }, (_, i) => (i * 7919) % 256);
    await expect(read(write("picture.bin", bytes))).rejects.toThrow(/ERR_ENCODING.*picture\.bin/);
  });
});

describe("folders", () => {
  it("all files in the order of their paths, folders inside too, hidden ones left out", async () => {
    write("tree/b.txt", "b");
    write("tree/a/2.txt", "a2");
    write("tree/a/1.txt", "a1");
    write("tree/.hidden.txt", "hidden");
    write("tree/.git/config", "hidden too");
    write("tree/a/.cache/x/y.txt", "and that");
    expect(await read(join(folder, "tree"))).toEqual(["a1", "a2", "b"]);
  });

  it("a link to a file counts as a file", async () => {
    const target = write("elsewhere/linked.txt", "linked");
    write("links/a.txt", "a");
    symlinkSync(target, join(folder, "links", "b.txt"));
    expect(await read(join(folder, "links"))).toEqual(["a", "linked"]);
  });

  it("one without files is refused, and so is a broken link in it", async () => {
    mkdirSync(join(folder, "empty", "inside"), { recursive: true });
    await expect(read(join(folder, "empty"))).rejects.toThrow(/ERR_CORPUS_EMPTY.*it holds none.*empty/);
    symlinkSync(join(folder, "gone"), join(folder, "empty", "broken.txt"));
    await expect(read(join(folder, "empty"))).rejects.toThrow(/ERR_FILE_MISSING.*broken\.txt/);
  });

  it("of more files than a process may hold open", async () => {
    let open = 0;
    let most = 0;
    for (let i = 0; i < 40; i++) write(`many/${i}.txt`, `text ${i}\n`);
    const options = {
      textColumn: "text",
      // asked for once a file, as it is opened
      get encoding() {
        most = Math.max(most, ++open);
        setImmediate(() => open--);
        return "utf-8";
      },
    };
    expect(await corpusFiles([join(folder, "many")], options)).toHaveLength(40);
    expect(most).toBeLessThan(20);
  });
});

describe("refused", () => {
  it.each([
    [
      "a path that is not there, with a near one",
      () => join(folder, "blank.text"),
      /ERR_FILE_MISSING.*"blank\.txt"/,
    ],
    ["an empty file", () => write("nothing.txt", ""), /ERR_FILE_EMPTY.*nothing\.txt/],
    ["damaged gzip", () => write("cut.gz", gzipSync(blocks.repeat(99)).subarray(0, 60)), /ERR_GZIP.*cut\.gz/],
    [
      "a table without the column",
      () => write("other.csv", "id,body\n1,hello\n"),
      /ERR_CORPUS_COLUMN.*"text".*there are id, body.*row 2.*--text/,
    ],
    [
      "a text that is no text",
      () => write("number.jsonl", '{"text": 7}\n'),
      /ERR_CORPUS_COLUMN.*it is a number.*row 1/,
    ],
    [
      "a text that is null",
      () => write("null.jsonl", '{"text": "a"}\n{"text": null}\n'),
      /ERR_CORPUS_COLUMN.*it is null.*row 2/,
    ],
    ["a broken row", () => write("broken.jsonl", '{"text": "a"}\nnot json\n'), /ERR_BAD_ROWS.*row 2/],
  ])("%s", async (_, path, message) => {
    await expect(read(path())).rejects.toThrow(message);
  });

  it("a broken row, without naming an option that pre-training does not have", async () => {
    const error: unknown = await read(join(folder, "broken.jsonl")).catch((reason: unknown) => reason);
    expect(String(error)).not.toContain("--skip-bad-rows");
  });

  it("a folder that may not be read", async (context) => {
    if (process.getuid?.() === 0) context.skip("root may read everything");
    mkdirSync(join(folder, "closed"));
    chmodSync(join(folder, "closed"), 0);
    await expect(read(join(folder, "closed"))).rejects.toThrow(/ERR_FILE_UNREADABLE.*EACCES/);
    chmodSync(join(folder, "closed"), 0o700);
  });
});
