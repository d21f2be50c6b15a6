import { expect, it } from "vitest";
import { AddedTokens } from "./added-tokens.ts";

function split(text: string, contents: readonly string[]): string[] {
  const added = new AddedTokens(contents.map((content, id) => ({ content, id, special: true })));
  const parts: string[] = [];
  added.split(
    text,
    (from, to) => parts.push(text.slice(from, to)),
    (id, from, to) => parts.push(`<${contents[id]}>${text.slice(from, to)}`),
  );
  return parts;
}

it.each([
  ["", []],
  ["no token", ["no token"]],
  ["[MASK]", ["<[MASK]>[MASK]"]],
  ["a [MASK] b", ["a ", "<[MASK]>[MASK]", " b"]],
  ["a[MASK][SEP]b", ["a", "<[MASK]>[MASK]", "<[SEP]>[SEP]", "b"]],
  ["[mask] [MASK", ["[mask] [MASK"]],
  ["[[MASK]]", ["[", "<[MASK]>[MASK]", "]"]],
])("%j", (text, parts) => {
  expect(split(text, ["[MASK]", "[SEP]"])).toEqual(parts);
});

it("prefers the longest of those that start first", () => {
  expect(split("xabcd", ["ab", "abc", "bcd"])).toEqual(["x", "<abc>abc", "d"]);
});

it("takes every character literally", () => {
  expect(split("a.b|c(d)$^", [".", "|", "(d)", "$^"])).toEqual([
    "a",
    "<.>.",
    "b",
    "<|>|",
    "c",
    "<(d)>(d)",
    "<$^>$^",
  ]);
});

it("finds nothing where there is nothing to find", () => {
  expect(split("[MASK]", [])).toEqual(["[MASK]"]);
});
