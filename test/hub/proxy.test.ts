/** Through a real proxy on this machine, over http and over https, and what https itself demands. */
import { readFileSync } from "node:fs";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { messageOf } from "../message-of.ts";
import { FakeHub } from "./fake-hub.ts";
import { type FakeProxy, startProxy } from "./fake-proxy.ts";
import { COMMIT, files, hubSetting, ID } from "./world.ts";

const read = (name: string) =>
  readFileSync(new URL(`../../fixtures/hub-tls/${name}`, import.meta.url), "utf8");
const tls = { key: read("localhost.key"), cert: read("localhost.crt") };

const setting = hubSetting();
let proxy: FakeProxy;
let secure: FakeHub;

beforeAll(async () => {
  proxy = await startProxy();
  secure = await FakeHub.start(tls);
  secure.repos.set(ID, { commit: COMMIT, files });
});
beforeEach(() => {
  proxy.passed.length = 0;
  proxy.credentials.length = 0;
  proxy.wants = undefined;
  secure.seen.length = 0;
  secure.cdnAddress = undefined;
  secure.intercept = () => false;
  setting.ca = tls.cert;
});

describe("over http", () => {
  /** The hub and its CDN by names that only the proxy knows. */
  const elsewhere = () => {
    const { hub } = setting;
    hub.cdnAddress = hub.cdn.replace("127.0.0.1", "cdn.test");
    return { HF_ENDPOINT: hub.endpoint.replace("127.0.0.1", "hub.test") };
  };

  test("every request goes through HTTP_PROXY, in either case", async () => {
    for (const name of ["HTTP_PROXY", "http_proxy", "ALL_PROXY"]) {
      setting.hub.cdnAddress = undefined;
      setting.env = { ...elsewhere(), [name]: proxy.address };
      setting.cache += "-";
      proxy.passed.length = 0;
      setting.hub.seen.length = 0;
      await setting.resolve();
      expect(proxy.passed).toHaveLength(setting.hub.seen.length);
      expect(proxy.passed[0]).toBe(`GET ${setting.env.HF_ENDPOINT}/api/models/${ID}/revision/main`);
    }
  });

  test("the proxy's password goes to the proxy alone, and no token through it", async () => {
    const basic = `Basic ${Buffer.from("ada:pw").toString("base64")}`;
    proxy.wants = basic;
    const HTTP_PROXY = proxy.address.replace("//", "//ada:pw@");
    setting.env = { ...elsewhere(), HTTP_PROXY, HF_TOKEN: "hf_abc" };
    await setting.resolve();
    expect(new Set(proxy.credentials)).toEqual(new Set([basic]));
    expect(setting.hub.seen.filter(({ authorization }) => authorization !== undefined)).toEqual([]);
  });

  test("a hub on this machine is asked directly, so that its token stays here", async () => {
    setting.env = { HTTP_PROXY: proxy.address, ALL_PROXY: proxy.address, HF_TOKEN: "hf_abc" };
    await setting.resolve();
    expect(proxy.passed).toEqual([]);
    const hubs = setting.hub.seen.filter(({ server }) => server === "hub");
    expect(new Set(hubs.map(({ authorization }) => authorization))).toEqual(new Set(["Bearer hf_abc"]));
  });
});

describe("over https", () => {
  beforeEach(() => {
    setting.env = { HF_ENDPOINT: secure.endpoint };
  });

  test("without a proxy", async () => {
    await setting.resolve();
    expect(secure.asked("cdn")).toHaveLength(1);
  });

  test("a tunnel is dug for every request", async () => {
    setting.env.HTTPS_PROXY = proxy.address;
    setting.env.HF_TOKEN = "hf_abc";
    await setting.resolve();
    expect(secure.seen[0].authorization).toBe("Bearer hf_abc");
    const hosts = [secure.endpoint, secure.cdn].map((address) => `CONNECT ${new URL(address).host}`);
    expect(new Set(proxy.passed)).toEqual(new Set(hosts));
    expect(proxy.passed).toHaveLength(secure.seen.length);
  });

  test("but for hosts in NO_PROXY", async () => {
    Object.assign(setting.env, { HTTPS_PROXY: proxy.address, NO_PROXY: "localhost" });
    await setting.resolve();
    expect(proxy.passed).toEqual([]);
  });

  test("a proxy that wants a password, or is not there, is said, without the password", async () => {
    proxy.wants = "something else";
    setting.env.HTTPS_PROXY = proxy.address.replace("//", "//ada:secret@");
    const refused = await messageOf(async () => setting.resolve());
    expect(refused).toMatch(
      /^ERR_HUB_PROXY: .*the proxy 127\.0\.0\.1:\d+ wants a name and password; check HTTPS_PROXY/,
    );
    expect(refused).not.toContain("secret");
    setting.env.HTTPS_PROXY = "http://127.0.0.1:1";
    expect(await messageOf(async () => setting.resolve())).toMatch(
      /^ERR_HUB_PROXY: .*the proxy 127\.0\.0\.1:1 could not be reached \(ECONNREFUSED\)/,
    );
    expect(secure.seen).toEqual([]);
  });

  test("a certificate that nobody vouches for is refused", async () => {
    setting.ca = undefined;
    expect(await messageOf(async () => setting.resolve())).toMatch(
      /^ERR_HUB_CERTIFICATE: .*NODE_EXTRA_CA_CERTS/,
    );
    setting.env.HTTPS_PROXY = proxy.address;
    expect(await messageOf(async () => setting.resolve())).toMatch(/^ERR_HUB_CERTIFICATE/);
    expect(secure.seen).toEqual([]);
  });

  test("a redirect to http is refused once a token was sent, and followed without one", async () => {
    const plain = setting.hub;
    secure.cdnAddress = plain.cdn;
    setting.env.HF_TOKEN = "hf_abc";
    expect(await messageOf(async () => setting.resolve())).toMatch(
      /^ERR_HUB_REDIRECT: .*redirects to 127\.0\.0\.1:\d+ without encryption, after a token was sent/,
    );
    expect(plain.seen).toEqual([]);
    delete setting.env.HF_TOKEN;
    await setting.resolve();
    expect(plain.asked("cdn")).toHaveLength(1);
  });
});
