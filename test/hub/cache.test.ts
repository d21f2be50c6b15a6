/** The shared cache: what Python's tools wrote is used, what we write is theirs to use, and offline it is all there is. */
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { messageOf } from "../message-of.ts";
import { gitSha1, sha256, sent } from "./fake-hub.ts";
import { bytesOf, COMMIT, files, hubSetting, ID, NEEDED } from "./world.ts";

const setting = hubSetting();
const model = () => join(setting.cache, "models--ada--tiny-bert");

/** Writes a snapshot as huggingface_hub does. */
function asPython(names: readonly string[], { commit = COMMIT, ref = "main" } = {}): void {
  const put = (path: string, content: string | Buffer) => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  };
  put(join(model(), "refs", ref), commit);
  for (const name of names) {
    const { content, lfs } = files[name];
    const etag = lfs === true ? sha256(content) : gitSha1(content);
    put(join(model(), "blobs", etag), content);
    const path = join(model(), "snapshots", commit, name);
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(`../../blobs/${etag}`, path);
  }
}

describe("what is written", () => {
  test("lies where huggingface_hub looks for it", async () => {
    const { folder, hub } = await setting.resolve();
    expect(hub).toEqual({ id: ID, revision: "main", commit: COMMIT });
    expect(folder).toBe(join(model(), "snapshots", COMMIT));
    expect(readFileSync(join(model(), "refs", "main"), "utf8")).toBe(COMMIT);
    expect(readdirSync(folder).sort()).toEqual(NEEDED);
    for (const name of NEEDED) {
      const { content, lfs } = files[name];
      const etag = lfs === true ? sha256(content) : gitSha1(content);
      expect(readlinkSync(join(folder, name))).toBe(join("..", "..", "blobs", etag));
      expect(bytesOf(folder, name).equals(content)).toBe(true);
    }
    expect(setting.inCache().filter((name) => name.includes("locks"))).toEqual([]);
    // transformers asks for none of these again
    expect(readdirSync(join(model(), ".no_exist", COMMIT))).toContain("tokenizer.json");
  });

  test("under a tag or a pull request, in folders of its name", async () => {
    setting.hub.repos.set(ID, { commit: COMMIT, files, revisions: ["v1.0", "refs/pr/3"] });
    setting.hub.intercept = (seen, response) => {
      // one path segment, as the hub wants it
      if (seen.path.includes("/revision/refs/pr/3")) {
        const siblings = NEEDED.map((rfilename) => ({ rfilename }));
        response.end(JSON.stringify({ sha: COMMIT, siblings }));
        return true;
      }
      return false;
    };
    expect((await setting.resolve(`${ID}@v1.0`)).hub?.revision).toBe("v1.0");
    expect((await setting.resolve(ID, { revision: "refs/pr/3" })).hub?.revision).toBe("refs/pr/3");
    expect(readFileSync(join(model(), "refs", "refs", "pr", "3"), "utf8")).toBe(COMMIT);
    expect(readFileSync(join(model(), "refs", "v1.0"), "utf8")).toBe(COMMIT);
  });

  test("is copied where links are not wanted", async () => {
    setting.env.HF_HUB_DISABLE_SYMLINKS = "1";
    const { folder } = await setting.resolve();
    for (const name of NEEDED) {
      expect(() => readlinkSync(join(folder, name)), `${name}`).toThrow("EINVAL");
      expect(bytesOf(folder, name).equals(files[name].content)).toBe(true);
    }
  });

  test("again: one question, no download", async () => {
    await setting.resolve();
    setting.hub.seen.length = 0;
    await setting.resolve();
    expect(setting.hub.asked()).toEqual([`GET /api/models/${ID}/revision/main`]);
    await setting.resolve(`${ID}@${COMMIT}`);
    expect(setting.hub.asked()).toHaveLength(1); // a commit never changes
  });

  test("of a newer commit shares what has not changed", async () => {
    await setting.resolve();
    const commit = "f".repeat(40);
    const config = Buffer.from('{"model_type":"bert","new":1}');
    setting.hub.repos.set(ID, { commit, files: { ...files, "config.json": { content: config } } });
    setting.hub.seen.length = 0;
    const { folder } = await setting.resolve();
    expect(bytesOf(folder, "config.json").equals(config)).toBe(true);
    expect(readdirSync(folder).sort()).toEqual(NEEDED);
    expect(setting.hub.asked().filter((path) => path.startsWith("GET"))).toEqual([
      `GET /api/models/${ID}/revision/main`,
      `GET /${ID}/resolve/${commit}/config.json`,
    ]);
    expect(setting.hub.asked("cdn")).toEqual([]);
  });
});

describe("what Python's tools wrote", () => {
  test("is used whole", async () => {
    asPython(NEEDED);
    const { folder } = await setting.resolve();
    expect(setting.hub.asked()).toHaveLength(1);
    expect(readdirSync(folder).sort()).toEqual(NEEDED);
  });

  test("is filled up where they left files out", async () => {
    asPython(["config.json", "model.safetensors"]);
    const { folder } = await setting.resolve();
    expect(readdirSync(folder).sort()).toEqual(NEEDED);
    expect(setting.hub.asked("cdn")).toEqual([]);
  });

  test("is mended where a link leads nowhere", async () => {
    asPython(NEEDED);
    rmSync(join(model(), "blobs", gitSha1(files["vocab.txt"].content)));
    const { folder } = await setting.resolve();
    expect(bytesOf(folder, "vocab.txt").equals(files["vocab.txt"].content)).toBe(true);
  });

  test("is used where its links are files, as on Windows", async () => {
    for (const name of NEEDED) {
      mkdirSync(join(model(), "snapshots", COMMIT), { recursive: true });
      writeFileSync(join(model(), "snapshots", COMMIT, name), files[name].content);
    }
    await setting.resolve();
    expect(setting.hub.asked()).toHaveLength(1);
  });
});

describe("offline", () => {
  test.each(["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"])("%s uses the cache and asks nobody", async (name) => {
    asPython(["config.json", "model.safetensors"]);
    setting.env[name] = "1";
    const { folder, hub } = await setting.resolve();
    expect(folder).toBe(join(model(), "snapshots", COMMIT));
    expect(hub?.commit).toBe(COMMIT);
    expect((await setting.resolve(`${ID}@${COMMIT}`)).folder).toBe(folder);
    expect(setting.hub.seen).toEqual([]);
  });

  test("a model that is not there: what is, and what to do", async () => {
    asPython(NEEDED);
    setting.env.HF_HUB_OFFLINE = "true";
    const message = await messageOf(async () => setting.resolve("ada/tiny-brt"));
    expect(message).toMatch(
      /^ERR_HUB_OFFLINE: offline \(HF_HUB_OFFLINE\), ada\/tiny-brt must be in the cache; it is not there/,
    );
    expect(message).toContain(`the cache holds ada/tiny-bert (${setting.cache})`);
    expect(message).toMatch(
      /did you mean "ada\/tiny-bert"\? Or unset HF_HUB_OFFLINE.*put config\.json, the weights/,
    );
    expect(await messageOf(async () => setting.resolve(`${ID}@v2`))).toMatch(/^ERR_HUB_OFFLINE/);
    setting.cache += "-none";
    expect(await messageOf(async () => setting.resolve())).toContain("the cache holds no models");
  });

  test("a snapshot without its weights, or without a shard of them, is no model", async () => {
    asPython(["config.json", "vocab.txt"]);
    setting.env.HF_HUB_OFFLINE = "1";
    expect(await messageOf(async () => setting.resolve())).toMatch(/model\.safetensors of it is not there/);
    const index = {
      weight_map: { a: "model-00001-of-00002.safetensors", b: "model-00002-of-00002.safetensors" },
    };
    const snapshot = join(model(), "snapshots", COMMIT);
    writeFileSync(join(snapshot, "model.safetensors.index.json"), JSON.stringify(index));
    writeFileSync(join(snapshot, "model-00001-of-00002.safetensors"), "");
    expect(await messageOf(async () => setting.resolve())).toMatch(
      /; model-00002-of-00002\.safetensors of it is not there/,
    );
  });
});

describe("a hub that cannot be reached", () => {
  test("the cache's copy is taken, at once, and that is said", async () => {
    asPython(NEEDED);
    setting.env.HF_ENDPOINT = "http://127.0.0.1:1";
    const { folder, hub } = await setting.resolve();
    expect(folder).toBe(join(model(), "snapshots", COMMIT));
    expect(hub?.unasked).toMatch(/127\.0\.0\.1:1 could not be reached \(ECONNREFUSED\)/);
    delete setting.env.HF_ENDPOINT;
    setting.hub.intercept = (_, response) => sent(response.writeHead(503).end());
    expect((await setting.resolve()).hub?.unasked).toMatch(/answered 503/);
    expect(setting.waits).toEqual([]);
  });

  test("but a newer version that is there is waited for, however often its download breaks", async () => {
    asPython(NEEDED);
    const commit = "f".repeat(40);
    const config = { content: Buffer.from('{"model_type":"bert","new":1}') };
    setting.hub.repos.set(ID, { commit, files: { ...files, "config.json": config } });
    setting.hub.intercept = ({ method, path, n }, response) =>
      method === "GET" && path.endsWith("/config.json") && n < 3 && sent(response.writeHead(503).end());
    expect((await setting.resolve()).hub).toEqual({ id: ID, revision: "main", commit });
    expect(setting.waits).toEqual([1000, 2000]);
  });

  test("and an answer that refuses is no reason to take it", async () => {
    asPython(NEEDED);
    setting.hub.repos.clear();
    expect(await messageOf(async () => setting.resolve())).toMatch(/^ERR_HUB_NOT_FOUND/);
  });
});

test("a cache that cannot be written to is said, with the variable that names another", async () => {
  writeFileSync(join(setting.cache, "models--ada--tiny-bert"), "a file in the way");
  expect(await messageOf(async () => setting.resolve())).toMatch(/^ERR_NOT_WRITABLE: /);
});
