import { existsSync, readdirSync, readFileSync, truncateSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../../test/temporary-files.ts";
import { CONTINUES, TokenStore, TokenStoreWriter } from "./token-store.ts";

const { folder } = temporaryFolder();

async function store(name: string, documents: readonly Uint32Array[], meta = {}): Promise<string> {
  const path = join(folder, name);
  const writer = await TokenStoreWriter.create(path);
  for (const document of documents) await writer.add(document);
  await writer.finish(meta);
  return path;
}

async function open(path: string): Promise<TokenStore> {
  const opened = await TokenStore.open(path);
  if (opened === undefined) throw new Error(`no store in ${path}`);
  return opened.store;
}

const ascending = (length: number, from = 0) => Uint32Array.from({ length }, (_, i) => from + i);

describe("a token store", () => {
  it("gives back every document, marks included, also those larger than its buffer", async () => {
    const buffer = 1 << 18;
    const lengths = [3, buffer - 3, buffer, 2 * buffer + 7, 0, 1];
    const documents = lengths.map((length, i) => ascending(length, 1000 * i));
    documents[0][1] = (documents[0][1] | CONTINUES) >>> 0;
    const read = await open(await store("large", documents));
    expect(read.tokenCount).toBe(4 * buffer + 8);
    let start = 0;
    for (const [i, document] of documents.entries()) {
      expect(read.ends[i]).toBe(start + document.length);
      expect(
        Buffer.compare(Buffer.from(read.read(start, document.length).buffer), Buffer.from(document.buffer)),
      ).toBe(0);
      start += document.length;
    }
    read.close();
  });

  it("gives any part of any documents", async () => {
    let round = 0;
    const documents = fc.array(fc.uint32Array({ maxLength: 30 }), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(documents, fc.nat(), fc.nat(), async (some, a, b) => {
        const all = some.flatMap((document) => [...document]);
        const read = await open(await store(`any-${round++}`, some));
        const start = a % (all.length + 1);
        const length = b % (all.length - start + 1);
        expect([...read.read(start, length)]).toEqual(all.slice(start, start + length));
        expect(() => read.read(start, all.length - start + 1)).toThrow(RangeError);
        read.close();
      }),
      { numRuns: 40 },
    );
  });

  it("keeps what it was made of, and counts", async () => {
    const path = await store("meta", [ascending(3), ascending(4)], { made: { seed: 1 }, heldOut: [1] });
    const opened = await TokenStore.open(path);
    expect(opened?.meta).toEqual({ made: { seed: 1 }, heldOut: [1], tokens: 7, documents: 2 });
    opened?.store.close();
  });

  it("begins afresh where one stands", async () => {
    const path = await store("again", [ascending(9)]);
    const read = await open(await store("again", [ascending(2, 5)]));
    expect([...read.read(0, read.tokenCount)]).toEqual([5, 6]);
    read.close();
    expect(readdirSync(path).sort()).toEqual(["documents.bin", "meta.json", "tokens.bin"]);
  });

  it("holds little memory, however much goes through it", async () => {
    const path = join(folder, "stream");
    const writer = await TokenStoreWriter.create(path);
    const document = ascending(1000);
    const before = process.memoryUsage().rss;
    let highest = before;
    for (let i = 0; i < 50_000; i++) {
      await writer.add(document); // 200 MB in all
      if (i % 1000 === 0) highest = Math.max(highest, process.memoryUsage().rss);
    }
    await writer.finish({});
    expect(highest - before).toBeLessThan(60e6);
    const read = await open(path);
    expect(read.tokenCount).toBe(50_000_000);
    expect([...read.read(49_999_000, 3)]).toEqual([0, 1, 2]);
    read.close();
  });
});

describe("no store", () => {
  const documents = [ascending(40), ascending(50)];
  it("is one that was never finished, given up, or is not there", async () => {
    expect(await TokenStore.open(join(folder, "nowhere"))).toBeUndefined();
    const path = join(folder, "unfinished");
    const writer = await TokenStoreWriter.create(path);
    await writer.add(ascending(5));
    expect(await TokenStore.open(path)).toBeUndefined();
    await writer.abandon();
    expect(existsSync(path)).toBe(false);
  });

  it("takes nothing away that others keep in its folder", async () => {
    const path = join(folder, "beside others");
    await store("beside others", documents);
    writeFileSync(join(path, "notes.txt"), "theirs");
    const writer = await TokenStoreWriter.create(path);
    await writer.abandon();
    expect(readdirSync(path)).toEqual(["notes.txt"]);
  });

  it.each([
    ["tokens are cut off", (path: string) => truncateSync(join(path, "tokens.bin"), 4 * 89)],
    [
      "tokens were appended",
      (path: string) => writeFileSync(join(path, "tokens.bin"), "more", { flag: "a" }),
    ],
    ["tokens are gone", (path: string) => unlinkSync(join(path, "tokens.bin"))],
    ["ends are cut off", (path: string) => truncateSync(join(path, "documents.bin"), 8)],
    ["ends are gone", (path: string) => unlinkSync(join(path, "documents.bin"))],
    ["meta data are cut off", (path: string) => cut(join(path, "meta.json"))],
  ])("is one whose %s", async (name, damage) => {
    const path = await store(`damaged ${name}`, documents);
    (await open(path)).close();
    damage(path);
    expect(await TokenStore.open(path)).toBeUndefined();
  });

  function cut(path: string): void {
    truncateSync(path, readFileSync(path).length - 2);
  }
});
