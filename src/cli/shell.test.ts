import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { expect, it } from "vitest";
import { commandLine } from "./shell.ts";

it("quotes only what a shell would read otherwise", () => {
  expect(commandLine(["train", "data/新闻.csv", "--lr", "2e-5"])).toBe(
    "attune train data/新闻.csv --lr 2e-5",
  );
  expect(commandLine(["predict", "my model", "--input", "it's", ""])).toBe(
    "attune predict 'my model' --input 'it'\\''s' ''",
  );
});

it.skipIf(process.platform === "win32")("is read back by a shell as it was", () => {
  const argument = fc.string({ unit: "grapheme" }).filter((text) => !text.includes("\0"));
  fc.assert(
    fc.property(fc.array(argument, { maxLength: 4 }), (argv) => {
      const shown = commandLine(argv).replace(/^attune/, "printf '%s\\0'");
      const read = execFileSync("/bin/sh", ["-c", argv.length === 0 ? ":" : shown], { encoding: "utf8" });
      expect(read.split("\0").slice(0, -1)).toEqual(argv);
    }),
    { numRuns: 30 },
  );
});
