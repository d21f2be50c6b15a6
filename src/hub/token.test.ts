import { describe, expect, test } from "vitest";
import { credentialsFor, isLoopback, type TokenSources } from "./token.ts";

const sources: TokenSources = {
  given: undefined,
  environment: undefined,
  file: undefined,
  explicitOnly: false,
};
const home = "https://huggingface.co";
const mirror = "https://hf-mirror.com";
const plain = "http://mirror.example/hub";

const sent = (endpoint: string, some: Partial<TokenSources>) =>
  credentialsFor(new URL(endpoint), { ...sources, ...some }).authorization;
const why = (endpoint: string, some: Partial<TokenSources>) =>
  credentialsFor(new URL(endpoint), { ...sources, ...some }).withheld;

describe("a token of huggingface.co", () => {
  test.each([
    home,
    "https://hub-ci.huggingface.co",
    "http://localhost:8080",
    "http://127.0.0.1:1/x",
    "http://[::1]:9",
  ])("goes to %s", (endpoint) => {
    expect(sent(endpoint, { environment: "hf_abc" })).toBe("Bearer hf_abc");
    expect(sent(endpoint, { file: "hf_abc" })).toBe("Bearer hf_abc");
  });

  test.each([
    mirror,
    plain,
    "http://huggingface.co",
    "https://huggingface.co.evil.example",
    "https://nothuggingface.co",
  ])("does not go to %s, and that is said", (endpoint) => {
    expect(sent(endpoint, { environment: "hf_abc" })).toBeUndefined();
    expect(sent(endpoint, { file: "anything" })).toBeUndefined();
    expect(why(endpoint, { environment: "hf_abc" })).toMatch(
      /HF_TOKEN is for huggingface\.co and was not sent to .*ATTUNE_HUB_TOKEN/,
    );
    expect(why(endpoint, { file: "hf_abc" })).toMatch(/the token file is for huggingface\.co/);
    expect(why(endpoint, {})).toBeUndefined();
  });
});

describe("a token for the endpoint", () => {
  test("is one handed over, or one of another kind", () => {
    expect(sent(mirror, { given: "hf_abc" })).toBe("Bearer hf_abc");
    expect(sent(mirror, { environment: "company" })).toBe("Bearer company");
    expect(sent("https://ada:p%20w@mirror.example", {})).toBe(
      `Basic ${Buffer.from("ada:p w").toString("base64")}`,
    );
  });

  test("does not travel unencrypted", () => {
    expect(() => sent(plain, { given: "abc" })).toThrow(
      /ERR_HUB_TOKEN: a token must not travel unencrypted.*mirror\.example/,
    );
    expect(() => sent("http://ada:pw@mirror.example", {})).toThrow(/ERR_HUB_TOKEN/);
    expect(sent(plain, { environment: "company" })).toBeUndefined();
    expect(why(plain, { environment: "company" })).toMatch(/unencrypted/);
    expect(sent("http://localhost", { given: "abc" })).toBe("Bearer abc");
  });

  test("that is none is refused without being shown", () => {
    for (const token of ["", "two words", "line\nbreak", "日本"]) {
      expect(() => sent(home, { given: token })).toThrow(/ERR_HUB_TOKEN: a token must be one word/);
      if (token !== "") expect(() => sent(home, { given: token })).not.toThrow(token);
    }
  });
});

test("false sends none, HF_HUB_DISABLE_IMPLICIT_TOKEN only what was handed over", () => {
  expect(sent(home, { given: false, environment: "hf_abc", file: "x" })).toBeUndefined();
  expect(sent(home, { explicitOnly: true, environment: "hf_abc", file: "x" })).toBeUndefined();
  expect(sent(home, { explicitOnly: true, given: "x" })).toBe("Bearer x");
});

test("this machine is a name or an address of it, and not what looks like one", () => {
  const is = (host: string) => isLoopback(new URL(`http://${host}`));
  for (const host of ["localhost", "a.localhost", "127.0.0.1", "127.8.9.1", "[::1]"])
    expect(is(host), `${host}`).toBe(true);
  for (const host of ["127.0.0.1.example", "localhost.example", "10.0.0.1", "[::2]"])
    expect(is(host), `${host}`).toBe(false);
});
