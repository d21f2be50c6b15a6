/** What tests of the hub share: a hub with one small model on it, a cache that goes away, a clock that does not wait. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import type { HubProgress } from "../../src/hub/index.ts";
import { type ModelPlace, resolveIn, type ResolveOptions, type World } from "../../src/hub/resolve.ts";
import { FakeHub, type FakeFile } from "./fake-hub.ts";

export const ID = "ada/tiny-bert";
export const COMMIT = "0123456789abcdef0123456789abcdef01234567";

/** 300 kB that no packer makes smaller and no offset leaves alike. */
export const WEIGHTS = Buffer.from(
  Uint32Array.from({ length: 75_000 }, (_, i) => Math.imul(i + 1, 2654435761)).buffer,
);

export const files: Readonly<Record<string, FakeFile>> = {
  ".gitattributes": { content: Buffer.from("*.safetensors filter=lfs\n") },
  "README.md": { content: Buffer.from("# A model\n") },
  "config.json": { content: Buffer.from('{"model_type":"bert"}\n') },
  "vocab.txt": { content: Buffer.from("[PAD]\n[UNK]\n北\n") },
  "tokenizer_config.json": { content: Buffer.from('{"do_lower_case":true}\n') },
  "model.safetensors": { content: WEIGHTS, lfs: true },
  "pytorch_model.bin": { content: Buffer.from("the same in another form"), lfs: true },
  "onnx/model.onnx": { content: Buffer.from("and another"), lfs: true },
};

/** What a model of these files needs. */
export const NEEDED = ["config.json", "model.safetensors", "tokenizer_config.json", "vocab.txt"];

export interface Setting {
  readonly hub: FakeHub;
  /** The cache's folder, fresh for each test. */
  cache: string;
  env: Record<string, string>;
  /** What was waited for, in milliseconds. */
  waits: number[];
  progress: HubProgress[];
  ca?: string;
  resolve(name?: string, options?: ResolveOptions): Promise<ModelPlace>;
  /** Everything in the cache but folders, sorted. */
  inCache(): string[];
}

/** Sets up before each test of the file, or of the `describe` it is called in. */
export function hubSetting(): Setting {
  let started: FakeHub | undefined;
  const setting: Setting = {
    get hub() {
      if (started === undefined) throw new Error("the hub is not there yet");
      return started;
    },
    cache: "",
    env: {},
    waits: [],
    progress: [],
    async resolve(name = ID, options = {}) {
      const world: World = {
        env: {
          HF_HUB_CACHE: setting.cache,
          HF_ENDPOINT: setting.hub.endpoint,
          HF_HOME: setting.cache,
          ...setting.env,
        },
        now: () => performance.now(),
        sleep: async (ms, signal) => {
          setting.waits.push(ms);
          await new Promise((resolve) => setTimeout(resolve, 1));
          signal?.throwIfAborted();
        },
        ...(setting.ca === undefined ? {} : { ca: setting.ca }),
      };
      return resolveIn(world, name, {
        onProgress: (progress) => setting.progress.push(progress),
        ...options,
      });
    },
    inCache: () =>
      readdirSync(setting.cache, { recursive: true, withFileTypes: true })
        .filter((entry) => !entry.isDirectory())
        .map((entry) => join(entry.parentPath, entry.name).slice(setting.cache.length + 1))
        .sort(),
  };
  beforeAll(async () => {
    started = await FakeHub.start();
  });
  beforeEach(() => {
    setting.cache = mkdtempSync(join(tmpdir(), "attune-hub-"));
    setting.env = {};
    setting.waits = [];
    setting.progress = [];
    setting.hub.repos.clear();
    setting.hub.renamed.clear();
    setting.hub.repos.set(ID, { commit: COMMIT, files });
    setting.hub.seen.length = 0;
    setting.hub.intercept = () => false;
    setting.hub.prefix = "";
    setting.hub.cdnAddress = undefined;
  });
  const folders: string[] = [];
  afterEach(() => void folders.push(setting.cache));
  afterAll(() => {
    for (const folder of folders) if (existsSync(folder)) rmSync(folder, { recursive: true, force: true });
  });
  return setting;
}

/** The bytes of a file in a folder. */
export function bytesOf(folder: string, name: string): Buffer {
  return readFileSync(join(folder, name));
}
