/** A token is sent to no host but the one it belongs to, and is never shown. */
import { beforeEach, describe, expect, test } from "vitest";
import { messageOf } from "../message-of.ts";
import { FakeHub, sent } from "./fake-hub.ts";
import { COMMIT, files, hubSetting, ID } from "./world.ts";

const setting = hubSetting();
const TOKEN = "hf_SecretSecretSecret";

beforeEach(() => {
  setting.env.HF_TOKEN = TOKEN;
});

/** Which requests carried the token. */
const authorized = (server: "hub" | "cdn") =>
  setting.hub.seen.filter((seen) => seen.server === server && seen.authorization === `Bearer ${TOKEN}`)
    .length;
const asked = (server: "hub" | "cdn") => setting.hub.asked(server).length;

test("goes with every request to the endpoint and with none to the CDN", async () => {
  setting.hub.repos.set(ID, { commit: COMMIT, files, tokens: [TOKEN] });
  await setting.resolve();
  expect(authorized("hub")).toBe(asked("hub"));
  expect(asked("cdn")).toBeGreaterThan(0);
  expect(
    setting.hub.seen.filter(({ server }) => server === "cdn").map(({ authorization }) => authorization),
  ).toEqual(Array.from({ length: asked("cdn") }, () => undefined));
});

test("stays with the endpoint over a relative redirect, as of a renamed model", async () => {
  setting.hub.repos.set(ID, { commit: COMMIT, files, tokens: [TOKEN] });
  setting.hub.renamed.set("tiny-bert", ID);
  const { hub } = await setting.resolve("tiny-bert");
  expect(hub).toEqual({ id: "tiny-bert", revision: "main", commit: COMMIT });
  expect(authorized("hub")).toBe(asked("hub"));
});

test("is not sent again when another host redirects back", async () => {
  let back = 0;
  setting.hub.intercept = ({ server, path, authorization }, response) => {
    if (server === "cdn") {
      response.writeHead(302, { Location: `${setting.hub.endpoint}/back` }).end();
      return true;
    }
    if (path !== "/back") return false;
    back++;
    expect(authorization).toBeUndefined();
    response.writeHead(200, { "Content-Length": files["model.safetensors"].content.byteLength });
    response.end(files["model.safetensors"].content);
    return true;
  };
  await setting.resolve();
  expect(back).toBe(1);
});

test("is not sent where a whole answer is redirected to another host, and that host is not believed", async () => {
  const other = await FakeHub.start();
  other.repos.set(ID, { commit: COMMIT, files });
  setting.hub.intercept = ({ path }, response) => {
    response.writeHead(307, { Location: `${other.endpoint}${path}` }).end();
    return true;
  };
  await setting.resolve().catch(() => undefined);
  expect(other.seen.length).toBeGreaterThan(0);
  expect(other.seen.every(({ authorization }) => authorization === undefined)).toBe(true);
});

test("the hub's word counts, not that of the host it sends us to", async () => {
  setting.hub.intercept = ({ server }, response) => {
    if (server === "cdn") response.setHeader("X-Linked-Etag", '"0000"').setHeader("X-Linked-Size", "1");
    return false;
  };
  await setting.resolve();
});

test("redirects in a circle, to nothing, or to no web address end", async () => {
  const to = (location: string) => {
    setting.hub.intercept = (_, response) => sent(response.writeHead(302, { Location: location }).end());
  };
  to("/round");
  expect(await messageOf(async () => setting.resolve())).toMatch(
    /^ERR_HUB_REDIRECT: .*redirects in a circle/,
  );
  expect(asked("hub")).toBe(11);
  to("file:///etc/passwd");
  expect(await messageOf(async () => setting.resolve())).toMatch(/^ERR_HUB_REDIRECT: .*no web address/);
  setting.hub.intercept = (_, response) => sent(response.writeHead(302).end());
  expect(await messageOf(async () => setting.resolve())).toMatch(/^ERR_HUB_ANSWER: .*answered 302/);
});

describe("never appears", () => {
  test.each([
    [
      "refused",
      401,
      undefined,
      /^ERR_HUB_TOKEN: the hub must accept the token.*answered 401.*\("bad \.\.\. token"\)/,
    ],
    ["forbidden", 403, undefined, /^ERR_HUB_REFUSED/],
    ["gated", 403, "GatedRepo", /^ERR_HUB_GATED: .*the token's account has not.*accept them at http/],
    ["missing", 401, "RepoNotFound", /^ERR_HUB_NOT_FOUND/],
    ["broken", 500, undefined, /^ERR_HUB_UNAVAILABLE/],
  ])("in the error of a %s model", async (_, status, code, expected) => {
    setting.hub.intercept = (_seen, response) => {
      if (code !== undefined) response.setHeader("X-Error-Code", code);
      response.writeHead(status, { "X-Error-Message": `bad ${TOKEN} token` }).end();
      return true;
    };
    const error = await setting.resolve().catch((reason: unknown) => reason);
    if (!(error instanceof Error)) throw new Error("it was not refused");
    expect(error.message).toMatch(expected);
    const everything = [
      error.stack,
      String(error.cause),
      JSON.stringify(error),
      JSON.stringify(setting.progress),
    ].join();
    expect(everything).not.toContain("Secret");
  });
});

test("HF_HUB_DISABLE_IMPLICIT_TOKEN and token: false send none; a given token replaces the environment's", async () => {
  setting.env.HF_HUB_DISABLE_IMPLICIT_TOKEN = "1";
  await setting.resolve();
  setting.env = { HF_TOKEN: TOKEN };
  setting.cache += "-2";
  await setting.resolve(ID, { token: false });
  expect(setting.hub.seen.filter(({ authorization }) => authorization !== undefined)).toEqual([]);
  setting.cache += "-3";
  setting.hub.seen.length = 0;
  await setting.resolve(ID, { token: "another" });
  expect(
    new Set(setting.hub.seen.filter(({ server }) => server === "hub").map((seen) => seen.authorization)),
  ).toEqual(new Set(["Bearer another"]));
});

test("a name and password in HF_ENDPOINT go there as Basic, and are not shown", async () => {
  setting.env = { HF_ENDPOINT: setting.hub.endpoint.replace("//", "//ada:p%40ss@") };
  await setting.resolve();
  const basic = `Basic ${Buffer.from("ada:p@ss").toString("base64")}`;
  expect(
    setting.hub.seen.filter(({ server }) => server === "hub").every((seen) => seen.authorization === basic),
  ).toBe(true);
  expect(
    setting.hub.seen
      .filter(({ server }) => server === "cdn")
      .every((seen) => seen.authorization === undefined),
  ).toBe(true);
  expect(await messageOf(async () => setting.resolve("ada/none"))).not.toMatch(/p%40ss|p@ss/);
});
