import { expect, test } from "vitest";
import { FakeTerminal, fakeLibrary, runFake } from "../../test/fake-cli.ts";
import type { MaskFiller } from "./context.ts";

const filler: MaskFiller = {
  device: "native",
  vocabSize: 10,
  fill: async (text, options) =>
    [{ token: "capital", tokenId: 9, score: 0.75, text: text.replace("[MASK]", "capital") }]
      .concat({ token: "heart", tokenId: 8, score: 0.125, text: text.replace("[MASK]", "heart") })
      .slice(0, options?.topK ?? 5)
      .reduce<Awaited<ReturnType<MaskFiller["fill"]>>>(
        ([first], candidate) => [{ mask: 0, candidates: [...(first?.candidates ?? []), candidate] }],
        [],
      ),
  dispose: async () => undefined,
};

const run = (argv: readonly string[], terminal: FakeTerminal) =>
  runFake(["fill-mask", ...argv], terminal, fakeLibrary(), {}, filler);

test("shows a table of candidates for each text", async () => {
  const terminal = new FakeTerminal();
  expect(await run(["model", "Paris is the [MASK] of France."], terminal)).toBe(0);
  expect(terminal.out).toBe(
    [
      "Paris is the [MASK] of France.",
      "",
      "[MASK]   probability  text",
      "capital       0.7500  Paris is the capital of France.",
      "heart         0.1250  Paris is the heart of France.",
      "",
      "",
    ].join("\n"),
  );
});

test("prints an object a text with --json, and takes --top-k", async () => {
  const terminal = new FakeTerminal();
  expect(await run(["model", "a [MASK]", "b [MASK]", "--top-k", "1", "--json"], terminal)).toBe(0);
  const lines = terminal.out.trim().split("\n");
  expect(lines.map((line): unknown => JSON.parse(line))).toEqual(
    ["a", "b"].map((name) => ({
      text: `${name} [MASK]`,
      masks: [
        { mask: 0, candidates: [{ token: "capital", tokenId: 9, score: 0.75, text: `${name} capital` }] },
      ],
    })),
  );
});

test("a count below one, or beyond the vocabulary, is a wrong command line", async () => {
  const terminal = new FakeTerminal();
  expect(await run(["model", "a [MASK]", "--top-k", "0"], terminal)).toBe(2);
  const beyond = new FakeTerminal();
  expect(await run(["model", "a [MASK]", "--top-k", "11"], beyond)).toBe(2);
  expect(beyond.err).toContain("error: --top-k must be at most 10, the size of the vocabulary, not 11");
});
