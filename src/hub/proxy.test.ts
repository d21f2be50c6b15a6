import { describe, expect, test } from "vitest";
import { type Environment, proxyFor } from "./proxy.ts";

const through = (url: string, env: Environment) => proxyFor(new URL(url), env)?.href;
const hub = "https://huggingface.co/api";

describe("the proxy", () => {
  test.each<[string, Environment, string | undefined]>([
    [hub, {}, undefined],
    [hub, { HTTPS_PROXY: "http://p:1" }, "http://p:1/"],
    [hub, { https_proxy: "http://low:1", HTTPS_PROXY: "http://up:1" }, "http://low:1/"],
    [hub, { http_proxy: "http://p:1" }, undefined],
    ["http://mirror", { http_proxy: "http://p:1" }, "http://p:1/"],
    ["http://mirror", { HTTP_PROXY: "http://p:1", https_proxy: "http://q:1" }, "http://p:1/"],
    [hub, { ALL_PROXY: "http://p:1" }, "http://p:1/"],
    ["http://localhost:9", { http_proxy: "http://p:1", ALL_PROXY: "http://p:1" }, undefined],
    ["http://127.0.0.1", { HTTP_PROXY: "http://p:1" }, undefined],
    ["http://[::1]", { HTTP_PROXY: "http://p:1" }, undefined],
    ["https://localhost", { HTTPS_PROXY: "http://p:1" }, "http://p:1/"],
    [hub, { all_proxy: "socks5://s:1", https_proxy: "http://p:1" }, "http://p:1/"],
    [hub, { HTTPS_PROXY: "127.0.0.1:7890" }, "http://127.0.0.1:7890/"],
    [hub, { HTTPS_PROXY: "https://u:w@p" }, "https://u:w@p/"],
    [hub, { https_proxy: " ", HTTPS_PROXY: "" }, undefined],
  ])("for %s with %o is %s", (url, env, expected) => {
    expect(through(url, env)).toBe(expected);
  });

  test("that is none we can use is refused, without its password", () => {
    expect(() => through(hub, { ALL_PROXY: "socks5h://u:secret@s:1" })).toThrow(
      /ERR_HUB_PROXY: .*ALL_PROXY names a SOCKS proxy; set HTTPS_PROXY/,
    );
    expect(() => through(hub, { HTTPS_PROXY: "http://u:secret@:99999" })).toThrow(
      /ERR_HUB_PROXY: .*no such address; correct HTTPS_PROXY/,
    );
    for (const value of ["socks5h://u:secret@s:1", "http://u:secret@:99999"])
      expect(() => through(hub, { HTTPS_PROXY: value })).not.toThrow("secret");
  });
});

describe("NO_PROXY", () => {
  const exempt = (url: string, list: string) =>
    through(url, { ALL_PROXY: "http://p:1", NO_PROXY: list }) === undefined;

  test.each([
    ["https://huggingface.co", "*"],
    ["https://huggingface.co", "other.example, huggingface.co"],
    ["https://cdn.huggingface.co", "huggingface.co"],
    ["https://cdn.huggingface.co", ".huggingface.co"],
    ["https://cdn.huggingface.co", "*.huggingface.co"],
    ["https://HuggingFace.co", "huggingface.CO"],
    ["https://huggingface.co", "huggingface.co:443"],
    ["http://mirror:8080", "mirror:8080"],
    ["http://127.0.0.1:9", "localhost,127.0.0.1"],
    ["http://10.1.2.3", "10.0.0.0/8"],
    ["http://[::1]:9", "::1"],
    ["http://[::1]:9", "[::1]:9"],
    ["http://[fd00::5]", "fd00::/8"],
  ])("exempts %s by %s", (url, list) => {
    expect(exempt(url, list)).toBe(true);
  });

  test.each([
    ["https://huggingface.co", ""],
    ["https://nothuggingface.co", "huggingface.co"],
    ["https://huggingface.co.example", "huggingface.co"],
    ["https://huggingface.co", "huggingface.co:8443"],
    ["http://mirror:8080", "mirror:80"],
    ["http://11.1.2.3", "10.0.0.0/8"],
    ["http://10.1.2.3", "10.0.0.0/99"],
    ["http://1.127.0.0.1.example", "127.0.0.1"],
    ["http://10.0.0.1", "0.0.1"],
  ])("does not exempt %s by %s", (url, list) => {
    expect(exempt(url, list)).toBe(false);
  });

  test("in lower case goes before that in upper case", () => {
    const env = { ALL_PROXY: "http://p:1", no_proxy: "a.example", NO_PROXY: "*" };
    expect(through("https://a.example", env)).toBeUndefined();
    expect(through("https://b.example", env)).toBe("http://p:1/");
  });
});
