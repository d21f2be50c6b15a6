/** Downloads that go wrong in every way we know of: each ends in the model or in an error that says what to do. */
import { readdirSync, writeFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { messageOf } from "../message-of.ts";
import { gitSha1, type Intercept, serveRange, sha256, sent } from "./fake-hub.ts";
import { bytesOf, COMMIT, files, hubSetting, ID, NEEDED, WEIGHTS } from "./world.ts";

const setting = hubSetting();
const BLOB = `/blobs/${sha256(WEIGHTS)}?Signature=secret`;
const folder = () => join(setting.cache, "models--ada--tiny-bert");
const partial = () => join(folder(), "blobs", `${sha256(WEIGHTS)}.attune.incomplete`);

/** Answers the requests for the weights' bytes. */
function onWeights(answer: Intercept): void {
  setting.hub.intercept = (seen, response) => seen.path === BLOB && answer(seen, response);
}

/** The whole model arrived, as files that can be read. */
function expectModel(): void {
  const snapshot = join(folder(), "snapshots", COMMIT);
  expect(readdirSync(snapshot).sort()).toEqual(NEEDED);
  for (const name of NEEDED)
    expect(bytesOf(snapshot, name).equals(files[name].content), `${name}`).toBe(true);
  expect(setting.inCache().filter((name) => /incomplete|lock|tmp/.test(name))).toEqual([]);
}

/** Requests of the weights' bytes. */
const weightRequests = () => setting.hub.seen.filter(({ path }) => path === BLOB);

describe("a connection that breaks", () => {
  test("half-way goes on where it was, on the condition that the file is the same", async () => {
    const half = 150_000;
    onWeights(({ n }, response) => {
      if (n > 1) return false;
      response.writeHead(200, {
        "Content-Length": WEIGHTS.byteLength,
        ETag: `"cdn-${sha256(WEIGHTS).slice(0, 8)}"`,
      });
      response.write(WEIGHTS.subarray(0, half), () => setTimeout(() => response.destroy(), 20));
      return true;
    });
    await setting.resolve();
    expectModel();
    expect(weightRequests().map(({ range, ifRange }) => ({ range, ifRange }))).toEqual([
      { range: undefined, ifRange: undefined },
      { range: `bytes=${half}-`, ifRange: `"cdn-${sha256(WEIGHTS).slice(0, 8)}"` },
    ]);
    expect(setting.waits).toEqual([1000]);
  });

  test("again and again is given up, kept, and gone on with by the next run", async () => {
    onWeights((seen, response) => {
      const start = Number(/\d+/.exec(seen.range ?? "0")?.[0]);
      if (start > 0) response.setHeader("Content-Range", `bytes ${start}-299999/300000`);
      response.writeHead(start > 0 ? 206 : 200, { "Content-Length": WEIGHTS.byteLength - start });
      response.write(WEIGHTS.subarray(start, start + 1000), () => setTimeout(() => response.destroy(), 5));
      return true;
    });
    const message = await messageOf(async () => setting.resolve());
    expect(message).toMatch(
      /^ERR_HUB_UNREACHABLE: ada\/tiny-bert must be downloaded.*was cut.*what has arrived is kept/,
    );
    expect(setting.waits).toEqual([1000, 2000, 4000, 8000, 16000]);
    expect(bytesOf(join(folder(), "blobs"), `${sha256(WEIGHTS)}.attune.incomplete`)).toEqual(
      WEIGHTS.subarray(0, 6000),
    );

    setting.hub.intercept = () => false;
    setting.hub.seen.length = 0;
    await setting.resolve();
    expectModel();
    expect(weightRequests().map(({ range }) => range)).toEqual(["bytes=6000-"]);
    // small files that had arrived are not asked for again
    expect(setting.hub.asked("hub").filter((path) => path.includes("config"))).toEqual([]);
  });

  test("with no answer at all: the time runs out, and it is tried again", async () => {
    setting.env.HF_HUB_DOWNLOAD_TIMEOUT = "0.1";
    onWeights(({ n }, response) => {
      if (n === 1) return true; // says nothing for ever
      if (n > 2) return false;
      response.writeHead(200, { "Content-Length": WEIGHTS.byteLength });
      response.write(WEIGHTS.subarray(0, 1234)); // and then no more
      return true;
    });
    await setting.resolve();
    expectModel();
    expect(weightRequests().map(({ range }) => range)).toEqual([undefined, undefined, "bytes=1234-"]);
  });
});

describe("a server that is busy or broken", () => {
  test("429 waits as long as Retry-After says, in seconds or as a date", async () => {
    setting.hub.intercept = ({ path, n }, response) => {
      if (!path.includes("/revision/") || n > 2) return false;
      const date = new Date(Date.now() + 60_000).toUTCString();
      response.writeHead(429, { "Retry-After": n === 1 ? "7" : date }).end();
      return true;
    };
    await setting.resolve();
    expectModel();
    expect(setting.waits[0]).toBe(7000);
    expect(setting.waits[1]).toBeGreaterThan(50_000);
    expect(setting.progress.some(({ why }) => why?.includes("429, too many requests; next try in 7 s"))).toBe(
      true,
    );
  });

  test("429 for longer than anybody waits, or for ever, is said", async () => {
    setting.hub.intercept = (_, response) => sent(response.writeHead(429, { "Retry-After": "3600" }).end());
    expect(await messageOf(async () => setting.resolve())).toMatch(
      /^ERR_HUB_BUSY: .*429.*try again later, or set HF_TOKEN/,
    );
    expect(setting.waits).toEqual([]);
    setting.hub.intercept = (_, response) => sent(response.writeHead(429).end());
    expect(await messageOf(async () => setting.resolve())).toMatch(/^ERR_HUB_BUSY/);
    expect(setting.waits).toHaveLength(5);
  });

  test.each([500, 502, 503, 504])("%i passes, or is said", async (status) => {
    setting.hub.intercept = ({ n }, response) => n === 1 && sent(response.writeHead(status).end());
    await setting.resolve();
    expectModel();
    setting.cache += "-2";
    setting.hub.intercept = (_, response) => sent(response.writeHead(status).end());
    expect(await messageOf(async () => setting.resolve())).toMatch(
      new RegExp(`^ERR_HUB_UNAVAILABLE: .*answered ${status}; try again later`),
    );
  });
});

describe("a server that answers oddly", () => {
  test("a range that it ignores brings the whole again", async () => {
    mkdirSync(join(folder(), "blobs"), { recursive: true });
    writeFileSync(partial(), WEIGHTS.subarray(0, 5000));
    onWeights((seen, response) => {
      serveRange({ ...seen, range: undefined }, response, WEIGHTS, '"x"');
      return true;
    });
    await setting.resolve();
    expectModel();
    expect(weightRequests().map(({ range }) => range)).toEqual(["bytes=5000-"]);
  });

  test("416, another part than asked for, another ETag: from the start", async () => {
    const answers: Intercept[] = [
      (_, response) => sent(response.writeHead(416).end()),
      (_, response) =>
        sent(response.writeHead(206, { "Content-Range": "bytes 0-299999/300000" }).end(WEIGHTS)),
    ];
    for (const answer of answers) {
      setting.cache += "-";
      mkdirSync(join(folder(), "blobs"), { recursive: true });
      writeFileSync(partial(), WEIGHTS.subarray(0, 5000));
      setting.hub.seen.length = 0;
      onWeights((seen, response) => seen.n === 1 && answer(seen, response));
      await setting.resolve();
      expectModel();
      expect(weightRequests().map(({ range }) => range)).toEqual(["bytes=5000-", undefined]);
    }
  });

  test("a file that changes while it is fetched is begun afresh", async () => {
    onWeights((seen, response) => {
      if (seen.n === 1) {
        response.writeHead(200, { "Content-Length": WEIGHTS.byteLength, ETag: '"old"' });
        response.write(Buffer.alloc(9999), () => setTimeout(() => response.destroy(), 20));
      } else {
        serveRange(seen, response, WEIGHTS, '"new"'); // If-Range no longer holds
      }
      return true;
    });
    await setting.resolve();
    expectModel();
    expect(weightRequests().map(({ range, ifRange }) => [range, ifRange])).toEqual([
      [undefined, undefined],
      ["bytes=9999-", '"old"'],
    ]);
  });

  test("also by a server that knows no If-Range: the other ETag tells", async () => {
    onWeights((seen, response) => {
      if (seen.n > 2) return false;
      if (seen.n === 2)
        return sent(
          response
            .writeHead(206, { "Content-Range": "bytes 9999-299999/300000", ETag: '"new"' })
            .end(Buffer.alloc(WEIGHTS.byteLength - 9999)),
        );
      response.writeHead(200, { "Content-Length": WEIGHTS.byteLength, ETag: '"old"' });
      response.write(Buffer.alloc(9999), () => setTimeout(() => response.destroy(), 20));
      return true;
    });
    await setting.resolve();
    expectModel();
    expect(weightRequests().map(({ range }) => range)).toEqual([undefined, "bytes=9999-", undefined]);
  });

  test("what it packs is unpacked, though nobody asked for packing", async () => {
    setting.hub.intercept = ({ path, method }, response) => {
      if (method !== "GET" || !path.endsWith("/vocab.txt")) return false;
      response.writeHead(200, { "Content-Encoding": "gzip" }).end(gzipSync(files["vocab.txt"].content));
      return true;
    };
    await setting.resolve();
    expectModel();
  });

  test("the rest of a packed file is not put behind the start of a plain one", async () => {
    onWeights((seen, response) => {
      if (seen.n === 1) {
        response.writeHead(200, { "Content-Length": WEIGHTS.byteLength, ETag: '"same"' });
        response.write(WEIGHTS.subarray(0, 5000), () => setTimeout(() => response.destroy(), 20));
        return true;
      }
      if (seen.n > 2) return false;
      const headers = {
        "Content-Encoding": "gzip",
        "Content-Range": "bytes 5000-299999/300000",
        ETag: '"same"',
      };
      return sent(response.writeHead(206, headers).end(gzipSync(WEIGHTS.subarray(0, 295_000))));
    });
    await setting.resolve();
    expectModel();
    expect(weightRequests().map(({ range }) => range)).toEqual([undefined, "bytes=5000-", undefined]);
  });

  test.each([
    ["fewer bytes than announced", WEIGHTS.byteLength - 1],
    ["more bytes than announced", WEIGHTS.byteLength + 1],
  ])("%s: refused before any is taken", async (_, length) => {
    onWeights((_seen, response) => {
      response.writeHead(200, { "Content-Length": length }).end(Buffer.alloc(length));
      return true;
    });
    expect(await messageOf(async () => setting.resolve())).toMatch(
      new RegExp(
        `^ERR_HUB_CHECKSUM: model.safetensors must arrive as .* sends ${length} bytes, not 300000; .*removed`,
      ),
    );
    expect(setting.inCache().filter((name) => /incomplete|model\.safetensors/.test(name))).toEqual(
      [".no_exist"].slice(1),
    );
  });

  test("more bytes than announced without a length", async () => {
    onWeights((_seen, response) => sent(response.writeHead(200).end(Buffer.alloc(WEIGHTS.byteLength + 5))));
    expect(await messageOf(async () => setting.resolve())).toMatch(
      /^ERR_HUB_CHECKSUM: .*more than 300000 bytes arrived/,
    );
    expect(setting.inCache().filter((name) => name.includes("incomplete"))).toEqual([]);
  });

  test("no length and no ETag worth anything, for a small file, still brings it", async () => {
    setting.hub.intercept = ({ path, method }, response) => {
      if (!path.endsWith("/vocab.txt")) return false;
      response.writeHead(200, {
        ETag: `W/"${gitSha1(files["vocab.txt"].content)}"`,
        "Transfer-Encoding": "chunked",
      });
      response.end(method === "HEAD" ? undefined : files["vocab.txt"].content);
      return true;
    };
    await setting.resolve();
    expectModel();
  });
});

describe("a wrong checksum", () => {
  const forged = Buffer.from(WEIGHTS);
  forged[200_000] ^= 1;

  test("is refused, and the bad file is gone", async () => {
    onWeights((seen, response) => {
      serveRange(seen, response, forged, '"x"');
      return true;
    });
    expect(await messageOf(async () => setting.resolve())).toMatch(
      /^ERR_HUB_CHECKSUM: model\.safetensors must arrive.*sha256 is [0-9a-f]{64}, not [0-9a-f]{64}; the bad file was removed/,
    );
    expect(weightRequests()).toHaveLength(1);
    expect(setting.inCache().filter((name) => name.includes(sha256(WEIGHTS)))).toEqual([]);
    expect(setting.inCache().filter((name) => name.includes("model.safetensors"))).toEqual([]);
  });

  test("of a small file is git's, and refused as well", async () => {
    setting.hub.intercept = ({ path, method, ...rest }, response) => {
      if (method !== "GET" || !path.endsWith("/vocab.txt")) return false;
      const other = Buffer.from("[PAD]\n[UNK]\n南\n");
      serveRange({ path, method, ...rest }, response, other, '"x"');
      return true;
    };
    expect(await messageOf(async () => setting.resolve())).toMatch(
      /^ERR_HUB_CHECKSUM: vocab\.txt .*its sha1 is/,
    );
  });

  test("that comes from an earlier run's bytes heals itself", async () => {
    mkdirSync(join(folder(), "blobs"), { recursive: true });
    writeFileSync(partial(), forged.subarray(0, 250_000));
    await setting.resolve();
    expectModel();
    expect(weightRequests().map(({ range }) => range)).toEqual(["bytes=250000-", undefined]);
  });
});

test("progress counts bytes over all files to their sum, with pace and time left", async () => {
  await setting.resolve();
  const sizes = NEEDED.map((name) => files[name].content.byteLength);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  expect(setting.progress[0]).toMatchObject({ id: ID, phase: "asking", bytes: 0 });
  expect(setting.progress.at(-1)).toMatchObject({
    phase: "checking",
    file: "model.safetensors",
    bytes: total,
    total,
  });
  expect(setting.progress.every(({ bytes, total: all }) => bytes <= (all ?? Infinity))).toBe(true);
});
