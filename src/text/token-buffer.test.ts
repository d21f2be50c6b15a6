import { expect, it } from "vitest";
import { TokenBuffer } from "./token-buffer.ts";

it("grows as it is filled, and starts over", () => {
  const tokens = new TokenBuffer();
  for (let i = 0; i < 1000; i++) tokens.push(i, 2 * i, 2 * i + 1);
  expect(tokens.length).toBe(1000);
  expect([tokens.ids[999], tokens.starts[999], tokens.ends[999]]).toEqual([999, 1998, 1999]);
  expect([tokens.ids[511], tokens.starts[511], tokens.ends[511]]).toEqual([511, 1022, 1023]);
  tokens.clear();
  expect(tokens.length).toBe(0);
});

it("lets go of a buffer that only a very long text needed", () => {
  const tokens = new TokenBuffer();
  for (let i = 0; i < 1_100_000; i++) tokens.push(1, i, i + 1);
  tokens.clear();
  expect(tokens.ids.length).toBeLessThan(10_000);
  expect(tokens.ends.length).toBe(tokens.ids.length);
});
