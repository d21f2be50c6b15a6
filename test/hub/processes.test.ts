/** Several at once, and some that are stopped: nothing is fetched twice, nothing is left over but what can be gone on with. */
import { spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type { HubProgress } from "../../src/hub/index.ts";
import { messageOf } from "../message-of.ts";
import { sha256, sent } from "./fake-hub.ts";
import { COMMIT, files, hubSetting, ID, NEEDED, WEIGHTS } from "./world.ts";

const setting = hubSetting();
const BLOB = `/blobs/${sha256(WEIGHTS)}?Signature=secret`;
const LOADER = fileURLToPath(new URL("../../scripts/typescript.js", import.meta.url));
const RESOLVE = new URL("../../src/hub/index.ts", import.meta.url).href;

/** Asks for the model in a process of its own; the folder, or what it wrote on standard error. */
function inChild(): { pid: number; kill: (signal: NodeJS.Signals) => void; ended: Promise<string> } {
  const code = `import { resolveModel } from ${JSON.stringify(RESOLVE)};
    process.stdout.write((await resolveModel(${JSON.stringify(ID)})).folder);`;
  const child = spawn(process.execPath, ["--import", LOADER, "--input-type=module", "-e", code], {
    env: {
      ...process.env,
      HF_ENDPOINT: setting.hub.endpoint,
      HF_HOME: setting.cache,
      HF_HUB_CACHE: setting.cache,
    },
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (text: Buffer) => (said += text.toString()));
  const ended = new Promise<string>((resolve) => child.on("close", () => resolve(said)));
  return { pid: child.pid ?? 0, kill: (signal) => void child.kill(signal), ended };
}

/** Sends the weights in small pieces, slowly. */
function slowly(pieceMs: number): void {
  setting.hub.intercept = ({ path, range }, response) => {
    if (path !== BLOB) return false;
    const start = Number(/\d+/.exec(range ?? "0")?.[0]);
    if (start > 0) response.setHeader("Content-Range", `bytes ${start}-299999/300000`);
    response.writeHead(start > 0 ? 206 : 200, { "Content-Length": WEIGHTS.byteLength - start });
    let at = start;
    const timer = setInterval(() => {
      response.write(WEIGHTS.subarray(at, at + 10_000));
      at += 10_000;
      if (at >= WEIGHTS.byteLength) {
        clearInterval(timer);
        response.end();
      }
    }, pieceMs);
    response.on("close", () => clearInterval(timer));
    return true;
  };
}

const blobs = () => join(setting.cache, "models--ada--tiny-bert", "blobs");
const partial = () => join(blobs(), `${sha256(WEIGHTS)}.attune.incomplete`);
const lockPath = () =>
  join(setting.cache, ".locks", "models--ada--tiny-bert", `${sha256(WEIGHTS)}.attune.lock`);

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}

test("two processes and this one at once: one download, one model", async () => {
  slowly(20);
  const children = [inChild(), inChild()];
  const places = [await children[0].ended, await children[1].ended, (await setting.resolve()).folder];
  expect(new Set(places)).toEqual(
    new Set([join(setting.cache, "models--ada--tiny-bert", "snapshots", COMMIT)]),
  );
  expect(setting.hub.asked("cdn")).toHaveLength(1);
  expect(readdirSync(places[0]).sort()).toEqual(NEEDED);
  expect(setting.inCache().filter((name) => /incomplete|lock|tmp/.test(name))).toEqual([]);
});

test("a process that is killed leaves its bytes, and the next one goes on at once", async () => {
  slowly(10);
  const child = inChild();
  await until(() => existsSync(partial()) && readFileSync(partial()).byteLength >= 50_000);
  child.kill("SIGKILL");
  await child.ended;
  expect(existsSync(lockPath())).toBe(true);
  setting.hub.intercept = () => false;
  await setting.resolve();
  expect(setting.hub.seen.filter(({ server }) => server === "cdn").map(({ range }) => range)).toEqual([
    undefined,
    expect.stringMatching(/^bytes=\d{5,6}-$/),
  ]);
  expect(setting.inCache().filter((name) => /incomplete|lock|tmp/.test(name))).toEqual([]);
});

test("a signal stops it: the bytes are kept and nothing else", async () => {
  slowly(5);
  const controller = new AbortController();
  const message = messageOf(async () => setting.resolve(ID, { signal: controller.signal }));
  await until(() => existsSync(partial()) && readFileSync(partial()).byteLength >= 50_000);
  controller.abort();
  expect(await message).toMatch(
    /^ERR_INTERRUPTED: the download of ada\/tiny-bert was asked to stop; what has arrived is kept; run the same again/,
  );
  const kept = readFileSync(partial());
  expect(kept.equals(WEIGHTS.subarray(0, kept.byteLength))).toBe(true);
  const left = setting.inCache().filter((name) => !name.includes("snapshots"));
  expect(left).toHaveLength(NEEDED.length); // blobs of the small files, and the part
  setting.hub.intercept = () => false;
  await setting.resolve();
  expect(setting.hub.seen.at(-1)?.range).toBe(`bytes=${kept.byteLength}-`);
});

test("a signal also stops the wait for an answer", async () => {
  setting.hub.intercept = () => true;
  const controller = new AbortController();
  const message = messageOf(async () => setting.resolve(ID, { signal: controller.signal }));
  await until(() => setting.hub.seen.length > 0);
  controller.abort();
  expect(await message).toMatch(/^ERR_INTERRUPTED/);
  expect(await messageOf(async () => setting.resolve(ID, { signal: controller.signal }))).toMatch(
    /^ERR_INTERRUPTED/,
  );
  expect(setting.hub.seen).toHaveLength(1);
});

test.each([
  [
    "the next try",
    () => {
      setting.hub.intercept = (_, response) => sent(response.writeHead(429).end());
    },
    /429, too many requests; next try in 1 s/,
  ],
  [
    "another process",
    () => lock(JSON.stringify({ pid: process.pid, host: hostname(), id: "another" })),
    /another process downloads it/,
  ],
])("a signal also stops the wait for %s", async (_, setUp, why) => {
  setUp();
  const controller = new AbortController();
  const waited: (string | undefined)[] = [];
  const onProgress = (progress: HubProgress) => {
    if (progress.phase !== "waiting") return;
    waited.push(progress.why);
    controller.abort();
  };
  expect(await messageOf(async () => setting.resolve(ID, { signal: controller.signal, onProgress }))).toMatch(
    /^ERR_INTERRUPTED/,
  );
  expect(waited).toEqual([expect.stringMatching(why)]);
});

function lock(content: string): void {
  mkdirSync(dirname(lockPath()), { recursive: true });
  writeFileSync(lockPath(), content);
}

test("a lock whose holder is gone, or has not been heard of for a minute, holds nobody up", async () => {
  lock(JSON.stringify({ pid: 999_999_999, host: hostname(), id: "gone" }));
  await setting.resolve();
  expect(setting.waits).toEqual([]);
  setting.cache += "-2";
  lock(JSON.stringify({ pid: process.pid, host: "another machine", id: "silent" }));
  const old = new Date(Date.now() - 120_000);
  utimesSync(lockPath(), old, old);
  await setting.resolve();
  expect(setting.inCache().filter((name) => name.includes("lock"))).toEqual([]);
});

test.runIf(existsSync("/dev/full"))("a disk that is full while bytes arrive is said", async () => {
  mkdirSync(blobs(), { recursive: true });
  symlinkSync("/dev/full", partial());
  expect(await messageOf(async () => setting.resolve())).toMatch(
    /^ERR_DISK_FULL: the model must fit on the disk of the cache; there is no room for 300000 bytes/,
  );
  expect(Object.keys(files)).toContain("model.safetensors");
});
