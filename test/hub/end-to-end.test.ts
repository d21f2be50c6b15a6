/**
 * A model by its id through the whole program: trained on, loaded again with the hub gone, resumed after the hub has
 * moved on. The program runs as users run it, in a process of its own.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runTraining, type TrainEvent, type TrainOptions } from "../../src/train/index.ts";
import type { Manifest } from "../../src/train/manifest.ts";
import { weights, writeFolder } from "../inspect/folder.ts";
import { FakeHub, type FakeFile } from "./fake-hub.ts";

const ID = "ada/parcels";
const FIRST = "1".repeat(40);
const SECOND = "2".repeat(40);
const ATTUNE = fileURLToPath(new URL("../../bin/attune.js", import.meta.url));

const folder = mkdtempSync(join(tmpdir(), "attune-hub-run-"));
afterAll(() => rmSync(folder, { recursive: true }));
const data = join(folder, "train.csv");
const cache = join(folder, "cache");
let hub: FakeHub;

/** A model folder's files as a repository has them. */
function repository(path: string): Record<string, FakeFile> {
  const entry = (name: string): [string, FakeFile] => [
    name,
    { content: readFileSync(join(path, name)), lfs: name.endsWith(".safetensors") },
  ];
  return Object.fromEntries(readdirSync(path).map(entry));
}

beforeAll(async () => {
  hub = await FakeHub.start();
  hub.repos.set(ID, { commit: FIRST, files: repository(await writeFolder(folder, "first")) });
  const texts = ["where is my parcel,asks", "thank you,thanks", "my parcels,other"];
  const rows = Array.from({ length: 48 }, (_, i) => `${"?".repeat(1 + (i >> 2))} ${texts[i % texts.length]}`);
  writeFileSync(data, `text,label\n${rows.join("\n")}\n`);
});

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

async function attune(args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  const child = spawn(process.execPath, [ATTUNE, ...args], {
    cwd: folder,
    env: {
      ...process.env,
      HF_ENDPOINT: hub.endpoint,
      HF_HOME: join(folder, "home"),
      HF_HUB_CACHE: cache,
      ...env,
    },
  });
  let out = "";
  let err = "";
  child.stdout.on("data", (text: Buffer) => (out += text.toString()));
  child.stderr.on("data", (text: Buffer) => (err += text.toString()));
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, out, err };
}

/** What a run wrote of itself. */
function manifestOf(out: string): Manifest {
  const written = JSON.parse(readFileSync(join(folder, out, "attune.json"), "utf8")) as { run: Manifest };
  return written.run;
}

const quick = ["--max-length", "16", "--epochs", "1", "--threads", "1"];

test("an id that does not exist ends with advice, and leaves nothing", async () => {
  const { code, err } = await attune(["train", data, "--model", "ada/parcel", ...quick]);
  expect(code).toBe(1);
  expect(err).toMatch(/^ERR_HUB_NOT_FOUND: .*no such model or keeps it private/);
  expect(readdirSync(folder).sort()).toEqual(["first", "train.csv"]);
});

test("train, predict, evaluate, export, inspect and doctor take an id", async () => {
  const trained = await attune(["train", data, "--model", ID, "--out", "runs/a", "--json", ...quick]);
  expect(trained.err).not.toMatch(/ERR_/);
  expect(trained.code).toBe(0);
  const events = trained.out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as TrainEvent);
  const downloads = events.flatMap((event) => (event.event === "download" ? [event] : []));
  expect(downloads.length).toBeGreaterThan(2);
  expect(downloads.at(-1)).toMatchObject({ id: ID, phase: "checking", bytes: downloads.at(-1)?.total });
  expect(events.find(({ event }) => event === "start")).toMatchObject({
    model: { from: `${ID} (commit 11111111)` },
  });
  const run = manifestOf("runs/a");
  expect(run.hub).toEqual({ id: ID, commit: FIRST });
  expect(run.options.model).toBe(ID);
  expect(Object.keys(run.sha256)).toContain(`${ID}@${FIRST}/model.safetensors`);
  expect(JSON.stringify(run)).not.toContain(cache);

  const commands: [string[], RegExp][] = [
    [["predict", ID, "--input", "where is my parcel?", "--threads", "1"], /asks|thanks|other/],
    [["evaluate", ID, data, "--threads", "1"], /ada\/parcels on /],
    [["inspect", ID], /bert\.encoder\.layer\.2/],
    [["doctor", ID], /parcels/],
    [["export", ID, "--out", "exported"], /wrote exported.*onnx/],
  ];
  // the hub answers nothing any more: what it gave is in the cache
  const gone = { HF_ENDPOINT: "http://127.0.0.1:1", HF_HUB_OFFLINE: "1" };
  for (const [args, shown] of commands) {
    const { code, out, err } = await attune(args, gone);
    expect(err, `${args[0]}`).not.toMatch(/ERR_/);
    expect(code, `${args[0]}`).toBe(0);
    expect(out, `${args[0]}`).toMatch(shown);
  }
  const unplaced = await attune(["export", ID], gone);
  expect(unplaced.code).toBe(2);
  expect(unplaced.err).toMatch(
    /ada\/parcels lies in the cache that other programs share; say with --out where to write/,
  );
  const snapshot = join(cache, "models--ada--parcels", "snapshots", FIRST);
  expect(readdirSync(snapshot)).not.toContain("onnx");

  const unasked = await attune(["predict", ID, "--input", "thank you", "--threads", "1"], {
    HF_ENDPOINT: "http://127.0.0.1:1",
  });
  expect(unasked.code).toBe(0);
  expect(unasked.err).toMatch(
    /note: the hub could not be asked whether ada\/parcels has changed .*commit 11111111/,
  );
}, 300_000); // ten processes, one after the other: seconds, but minutes where the machine is busy

test("a run that is resumed goes on from the commit it began with, though the branch has moved", async () => {
  const saved = { ...process.env };
  Object.assign(process.env, {
    HF_ENDPOINT: hub.endpoint,
    HF_HOME: join(folder, "home"),
    HF_HUB_CACHE: cache,
  });
  try {
    const options: TrainOptions = {
      train: data,
      model: ID,
      out: join(folder, "runs/b"),
      maxLength: 16,
      epochs: 1,
      batchSize: 4,
      threads: 1,
    };
    const stop = new AbortController();
    const events: TrainEvent[] = [];
    for await (const event of runTraining(options, { signal: stop.signal })) {
      events.push(event);
      if (event.event === "step" && event.step === 2) stop.abort();
    }
    expect(events.at(-1)?.event).toBe("interrupted");

    const other = await writeFolder(folder, "second", {
      tensors: weights.map((tensor) => ({
        ...tensor,
        data: tensor.data instanceof Float32Array ? tensor.data.map((value) => -value) : tensor.data,
      })),
    });
    hub.repos.set(ID, { commit: SECOND, files: repository(other) });
    hub.seen.length = 0;
    const resumed: TrainEvent[] = [];
    for await (const event of runTraining(options, { resume: true })) resumed.push(event);
    expect(resumed.find(({ event }) => event === "start")).toMatchObject({
      model: { from: `${ID} (commit 11111111)` },
      resumedFrom: expect.any(Number),
    });
    expect(resumed.at(-1)?.event).toBe("done");
    expect(manifestOf("runs/b").hub?.commit).toBe(FIRST);
    expect(hub.seen).toEqual([]); // a commit that is in the cache is not asked for

    const fresh: TrainEvent[] = [];
    for await (const event of runTraining({ ...options, out: join(folder, "runs/c") })) fresh.push(event);
    expect(fresh.find(({ event }) => event === "start")).toMatchObject({
      model: { from: `${ID} (commit 22222222)` },
    });
  } finally {
    process.env = saved;
  }
});

test("Ctrl-C in a download keeps what has arrived", async () => {
  const content = Buffer.alloc(1 << 20, 7);
  hub.repos.set("ada/big", {
    commit: FIRST,
    files: { "config.json": { content: Buffer.from("{}") }, "model.safetensors": { content, lfs: true } },
  });
  hub.seen.length = 0;
  hub.intercept = ({ server }, response) => {
    if (server !== "cdn") return false;
    response.writeHead(200, { "Content-Length": content.byteLength });
    response.write(content.subarray(0, 100_000));
    return true;
  };
  const args = [ATTUNE, "predict", "ada/big", "--input", "x"];
  const child = spawn(process.execPath, args, {
    cwd: folder,
    env: { ...process.env, HF_ENDPOINT: hub.endpoint, HF_HOME: join(folder, "home"), HF_HUB_CACHE: cache },
  });
  let err = "";
  child.stderr.on("data", (text: Buffer) => (err += text.toString()));
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  const blobs = join(cache, "models--ada--big", "blobs");
  const arrived = () =>
    existsSync(blobs) &&
    readdirSync(blobs).some((name) => readFileSync(join(blobs, name)).byteLength === 100_000);
  while (!arrived()) await new Promise((resolve) => setTimeout(resolve, 10));
  child.kill("SIGINT");
  expect(await ended).toBe(130);
  expect(err).toMatch(
    /^ERR_INTERRUPTED: the download of ada\/big was asked to stop; what has arrived is kept; run the same again/,
  );
  expect(readdirSync(blobs).filter((name) => name.endsWith(".incomplete"))).toHaveLength(1);
  expect(readdirSync(join(cache, ".locks", "models--ada--big"))).toEqual([]);
});
