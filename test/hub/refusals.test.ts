/** What the hub refuses, what was never meant for it, mirrors, and weights in several parts. */
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { messageOf } from "../message-of.ts";
import { refuse, sent } from "./fake-hub.ts";
import { bytesOf, COMMIT, files, hubSetting, ID, NEEDED } from "./world.ts";

const setting = hubSetting();
const presets = ["tiny", "mini", "small", "medium", "base", "attune-zh-en-mini"];
const refusal = async (name: string) => messageOf(async () => setting.resolve(name, { presets }));

describe("an id that the hub does not have", () => {
  test("is guessed among what is known, and how to log in is said", async () => {
    expect(await refusal("google-bert/bert-base-chinse")).toMatch(
      /^ERR_HUB_NOT_FOUND: .*no folder "google-bert\/bert-base-chinse" here, and 127\.0\.0\.1:\d+ \(answer 401\) has no such model or keeps it private; did you mean "google-bert\/bert-base-chinese"\? For a private model, put a token/,
    );
    expect(await refusal("ada/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx")).toContain(
      "; check the spelling.",
    );
  });

  test("or a revision that it does not have", async () => {
    expect(await refusal(`${ID}@v9`)).toMatch(
      /^ERR_HUB_REVISION: .*ada\/tiny-bert has no "v9"; look at .*leave out @v9/,
    );
  });

  test("a private one opens with its token", async () => {
    setting.hub.repos.set(ID, { commit: COMMIT, files, tokens: ["hf_right"] });
    expect(await refusal(ID)).toMatch(/^ERR_HUB_NOT_FOUND/);
    setting.env.HF_TOKEN = "hf_right";
    expect(readdirSync((await setting.resolve()).folder).sort()).toEqual(NEEDED);
  });

  test("a gated one says where to accept its conditions", async () => {
    setting.hub.repos.set(ID, { commit: COMMIT, files, tokens: ["hf_right"], gated: true });
    expect(await refusal(ID)).toMatch(
      /^ERR_HUB_GATED: .*answered 401, and no token was found; accept them at http.*\/ada\/tiny-bert, then put a token/,
    );
    setting.env.HF_TOKEN = "hf_wrong";
    expect(await refusal(ID)).toMatch(/^ERR_HUB_GATED: .*answered 403, and the token's account has not/);
    expect(setting.inCache().filter((name) => name.includes("snapshots"))).toEqual([]);
  });
});

describe("a name that was not meant for the hub", () => {
  test.each([
    ["tny", /^ERR_MODEL_UNKNOWN: .*"tny" is none of them; did you mean "tiny"\? \(hf:\/\/tny asks the hub\)/],
    ["Base", /^ERR_MODEL_UNKNOWN: .*did you mean "base"\?/],
    ["tiny", /^ERR_MODEL_UNKNOWN: .*"tiny" is a preset: sizes without weights; train it first/],
  ])("%s", async (name, expected) => {
    expect(await refusal(name)).toMatch(expected);
    expect(setting.hub.seen).toEqual([]);
  });

  test("a path into a folder that is there", async () => {
    const before = process.cwd();
    mkdirSync(join(setting.cache, "runs", "spam"), { recursive: true });
    process.chdir(setting.cache);
    try {
      expect(await refusal("runs/spm")).toMatch(
        /^ERR_MODEL_UNKNOWN: .*the folder "runs" has no "spm" in it; did you mean "runs\/spam"\? \(hf:\/\/runs\/spm asks the hub\)/,
      );
      expect(setting.hub.seen).toEqual([]);
      expect(await refusal("hf://runs/spm")).toMatch(/^ERR_HUB_NOT_FOUND/);
      // what exists always wins
      expect(await setting.resolve("runs/spam", { presets })).toEqual({ folder: "runs/spam" });
      mkdirSync(join(setting.cache, "ada", "tiny-bert"), { recursive: true });
      expect(await setting.resolve(ID, { presets })).toEqual({ folder: ID });
      expect((await setting.resolve(`hf://${ID}`, { presets })).hub?.commit).toBe(COMMIT);
    } finally {
      process.chdir(before);
    }
  });

  test("a path that is not there comes back for its reader to refuse", async () => {
    for (const path of ["./none", "/no/such/folder", "runs/a/b", "model.onnx"])
      expect(await setting.resolve(path, { presets })).toEqual({ folder: path });
    expect(setting.hub.seen).toEqual([]);
  });
});

describe("the server at HF_ENDPOINT", () => {
  test("may have a path of its own, and a slash at its end", async () => {
    setting.hub.prefix = "/artifacts/hf";
    setting.hub.renamed.set("tiny-bert", ID);
    setting.env.HF_ENDPOINT = `${setting.hub.endpoint}/`;
    expect(readdirSync((await setting.resolve()).folder).sort()).toEqual(NEEDED);
    setting.cache += "-2";
    expect(readdirSync((await setting.resolve("tiny-bert")).folder).sort()).toEqual(NEEDED);
    expect(setting.hub.asked("hub").every((path) => /^\w+ \/(api|ada|tiny-bert)/.test(path))).toBe(true);
  });

  test("may give small files over a redirect of its own", async () => {
    setting.hub.intercept = ({ server, path }, response) => {
      const moved = /^\/(ada\/tiny-bert\/resolve\/.*)$/.exec(path)?.[1];
      if (server !== "hub" || moved === undefined || path.includes("model.safetensors")) return false;
      response.writeHead(307, { Location: `/api/resolve-cache/models/${moved}` }).end();
      return true;
    };
    // the fake hub knows no such route: what it answers there is what it would have answered here
    const { intercept } = setting.hub;
    setting.hub.intercept = (seen, response) => {
      const there = /^\/api\/resolve-cache\/models\/ada\/tiny-bert\/resolve\/\w+\/(.*)$/.exec(seen.path)?.[1];
      if (there === undefined) return intercept(seen, response);
      const { content } = files[there];
      response.writeHead(200, {
        ETag: '"0"'.replace("0", there.length.toString()),
        "Content-Length": content.byteLength,
      });
      response.end(seen.method === "HEAD" ? undefined : content);
      return true;
    };
    expect(readdirSync((await setting.resolve()).folder).sort()).toEqual(NEEDED);
  });

  test.each([
    ["ftp://mirror", /^ERR_HUB_ENDPOINT: .*it is a ftp: address/],
    [
      "hf-mirror",
      /^ERR_HUB_ENDPOINT: .*it is no address; set it to an address such as https:\/\/hf-mirror\.com/,
    ],
    ["https://mirror/?x=1", /^ERR_HUB_ENDPOINT/],
    [
      "http://127.0.0.1:1",
      /^ERR_HUB_UNREACHABLE: .*could not be reached \(ECONNREFUSED\); check the network.*HF_ENDPOINT.*or put config\.json/,
    ],
    ["http://no-such-host.invalid", /^ERR_HUB_UNREACHABLE: .*no-such-host\.invalid could not be reached/],
  ])("%s is refused", async (endpoint, expected) => {
    setting.env.HF_ENDPOINT = endpoint;
    expect(await refusal(ID)).toMatch(expected);
    expect(setting.waits).toEqual([]);
  });

  test.each([
    [
      "a login page",
      200,
      { "Content-Type": "text/html" },
      "<html>",
      /answered with text\/html, not JSON; check HF_ENDPOINT, and whether a login page/,
    ],
    [
      "another API",
      200,
      { "Content-Type": "application/json" },
      '{"ok":true}',
      /does not say which commit and files/,
    ],
    ["a strange commit", 200, {}, '{"sha":"../../x","siblings":[]}', /does not say which commit and files/],
    ["null", 200, {}, "null", /does not say which commit and files/],
  ])("that is %s is no hub", async (_, status, headers, body, expected) => {
    setting.hub.intercept = (_seen, response) => sent(response.writeHead(status, headers).end(body));
    expect(await refusal(ID)).toMatch(new RegExp(`^ERR_HUB_ANSWER: .*${expected.source}`));
  });

  test("that does not say what a file is, is no hub", async () => {
    setting.hub.intercept = ({ method }, response) =>
      method === "HEAD" && sent(response.writeHead(200).end());
    expect(await refusal(ID)).toMatch(/^ERR_HUB_ANSWER: .*does not say what config\.json is \(no ETag\)/);
  });

  test("that never answers is given up", async () => {
    setting.env.HF_HUB_ETAG_TIMEOUT = "0.05";
    setting.hub.intercept = () => true;
    expect(await refusal(ID)).toMatch(/^ERR_HUB_UNREACHABLE: .*sent nothing for 0\.05 s/);
    expect(setting.hub.seen).toHaveLength(6);
  });

  test("an ETag that leads out of the cache stays in it", async () => {
    setting.hub.intercept = ({ path, method }, response) => {
      if (!path.endsWith("/vocab.txt")) return false;
      const { content } = files["vocab.txt"];
      response.writeHead(200, { ETag: '"../../../../evil"', "Content-Length": content.byteLength });
      response.end(method === "HEAD" ? undefined : content);
      return true;
    };
    await setting.resolve();
    expect(setting.inCache().filter((name) => name.includes("evil"))).toEqual([]);
    expect(setting.inCache().filter((name) => /blobs\/[0-9a-f]{64}$/.test(name))).toHaveLength(2);
  });
});

describe("weights", () => {
  const index = "model.safetensors.index.json";
  const shards = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
  const split = (map: unknown) => ({
    "config.json": files["config.json"],
    [index]: { content: Buffer.from(JSON.stringify({ weight_map: map })) },
    [shards[0]]: { content: Buffer.from("the first part"), lfs: true },
    [shards[1]]: { content: Buffer.from("the second part"), lfs: true },
    "model-00003-of-00003.safetensors": { content: Buffer.from("of another index"), lfs: true },
  });

  test("in parts: those that the index names", async () => {
    setting.hub.repos.set(ID, { commit: COMMIT, files: split({ a: shards[1], b: shards[0] }) });
    const { folder } = await setting.resolve();
    expect(readdirSync(folder).sort()).toEqual(["config.json", ...shards, index].sort());
    expect(bytesOf(folder, shards[1]).toString()).toBe("the second part");
    setting.env.HF_HUB_OFFLINE = "1";
    expect((await setting.resolve()).folder).toBe(folder);
  });

  test("in parts that lie elsewhere, or nowhere, are refused", async () => {
    setting.hub.repos.set(ID, { commit: COMMIT, files: split({ a: "../../../x" }) });
    expect(await refusal(ID)).toMatch(/^ERR_HUB_ANSWER: .*names no shards/);
    setting.hub.repos.set(ID, { commit: "a".repeat(40), files: split({ a: "model-7.safetensors" }) });
    expect(await refusal(ID)).toMatch(/^ERR_HUB_NOT_FOUND|^ERR_HUB_ANSWER/);
  });

  test("in no form that we read: what there is instead", async () => {
    const other = {
      "config.json": files["config.json"],
      "tf_model.h5": files["config.json"],
      "README.md": files["README.md"],
    };
    setting.hub.repos.set(ID, { commit: COMMIT, files: other });
    expect(await refusal(ID)).toMatch(
      /^ERR_HUB_NO_WEIGHTS: .*ada\/tiny-bert has only tf_model\.h5; choose another/,
    );
    expect(setting.inCache()).toEqual([]);
    setting.hub.repos.set(ID, { commit: COMMIT, files: {} });
    expect(await refusal(ID)).toMatch(/has no files/);
  });

  test("listed by the hub but not there", async () => {
    setting.hub.intercept = ({ path }, response) =>
      path.endsWith("model.safetensors") && (refuse(response, 404, "EntryNotFound"), true);
    expect(await refusal(ID)).toMatch(/^ERR_HUB_(ANSWER|NOT_FOUND)/);
  });
});

test("the disk is full: said with the variable that names another, and what arrived is kept", async () => {
  const { cacheError } = await import("../../src/hub/errors.ts");
  const full = Object.assign(new Error("ENOSPC: no space left on device, write"), {
    code: "ENOSPC",
    syscall: "write",
  });
  expect(cacheError(full, "/cache/x", 300_000).message).toMatch(
    /^ERR_DISK_FULL: .*no room for 300000 bytes \(\/cache\/x\); free some space, or name a folder on another disk in HF_HUB_CACHE; what has arrived is kept/,
  );
});
