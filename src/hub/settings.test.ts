import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { Environment } from "./proxy.ts";
import { readSettings } from "./settings.ts";

const folder = mkdtempSync(join(tmpdir(), "attune-settings-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("the cache's folder", () => {
  const of = async (env: Environment) => (await readSettings({}, env)).cacheDir;

  test.each<[Environment, string]>([
    [{}, join(homedir(), ".cache/huggingface/hub")],
    [{ XDG_CACHE_HOME: "/x" }, "/x/huggingface/hub"],
    [{ XDG_CACHE_HOME: "/x", HF_HOME: "/h" }, "/h/hub"],
    [{ HF_HOME: "/h", HUGGINGFACE_HUB_CACHE: "/old" }, "/old"],
    [{ HF_HOME: "/h", HUGGINGFACE_HUB_CACHE: "/old", HF_HUB_CACHE: "/new" }, "/new"],
    [{ HF_HOME: "~/h" }, join(homedir(), "h/hub")],
    [{ HF_HUB_CACHE: "$DATA/hf/${NAME}", DATA: "/d", NAME: "n" }, "/d/hf/n"],
    [{ HF_HUB_CACHE: "" }, join(homedir(), ".cache/huggingface/hub")],
  ])("of %o is %s", async (env, expected) => {
    expect(await of(env)).toBe(expected);
  });

  test("that is given wins", async () => {
    expect((await readSettings({ cacheDir: "/given" }, { HF_HUB_CACHE: "/new" })).cacheDir).toBe("/given");
  });
});

describe("the token file", () => {
  const token = async (env: Environment) => (await readSettings({}, env)).authorization;

  test("is HF_HOME's, or the one that HF_TOKEN_PATH names; HF_TOKEN goes before it", async () => {
    writeFileSync(join(folder, "token"), "hf_home\n");
    writeFileSync(join(folder, "other"), " hf_other\r\n");
    expect(await token({ HF_HOME: folder })).toBe("Bearer hf_home");
    expect(await token({ HF_HOME: folder, HF_TOKEN_PATH: join(folder, "other") })).toBe("Bearer hf_other");
    expect(await token({ HF_HOME: folder, HF_TOKEN: "hf_env" })).toBe("Bearer hf_env");
    expect(await token({ HF_HOME: folder, HF_TOKEN: "", HUGGING_FACE_HUB_TOKEN: "hf_old" })).toBe(
      "Bearer hf_old",
    );
    expect(await token({ HF_HOME: folder, HF_HUB_DISABLE_IMPLICIT_TOKEN: "yes" })).toBeUndefined();
    expect(await token({ HF_HOME: join(folder, "none") })).toBeUndefined();
    expect(await token({ HF_HOME: folder, HF_ENDPOINT: "https://hf-mirror.com" })).toBeUndefined();
    const trusted = { HF_ENDPOINT: "https://hf-mirror.com", ATTUNE_HUB_TOKEN: "hf_m", HF_TOKEN: "hf_env" };
    expect(await token(trusted)).toBe("Bearer hf_m");
  });
});

test("switches are read as Python's tools read them, times are in seconds there", async () => {
  const offline = async (value: string) => (await readSettings({}, { HF_HUB_OFFLINE: value })).offline;
  for (const yes of ["1", "true", "YES", "on"]) expect(await offline(yes), `${yes}`).toBe(true);
  for (const no of ["", "0", "false", "no"]) expect(await offline(no), `${no}`).toBe(false);
  expect((await readSettings({ offline: false }, { HF_HUB_OFFLINE: "1" })).offline).toBe(false);
  const times = await readSettings({}, { HF_HUB_ETAG_TIMEOUT: "3", HF_HUB_DOWNLOAD_TIMEOUT: "0.5" });
  expect(times).toMatchObject({ answerTimeoutMs: 3000, stallTimeoutMs: 500 });
  expect(await readSettings({}, { HF_HUB_ETAG_TIMEOUT: "soon" })).toMatchObject({ answerTimeoutMs: 10_000 });
});

test("the endpoint loses its slash, name and password", async () => {
  const settings = await readSettings({}, { HF_ENDPOINT: "https://ada:secret@mirror.example/hf/" });
  expect(settings.endpoint).toBe("https://mirror.example/hf");
  expect(settings.authorization).toMatch(/^Basic /);
  expect((await readSettings({}, {})).endpoint).toBe("https://huggingface.co");
});
