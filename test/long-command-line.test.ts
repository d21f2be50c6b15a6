/** A command line of 20 kB: the native runtime reads it as it creates a session, and needs stack for each character. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { beforeAll, beforeEach, expect, it } from "vitest";
import { writeFolder } from "./inspect/folder.ts";
import { requireDist } from "./runtimes.ts";
import { temporaryFolder } from "./temporary-files.ts";
import { toyRun } from "./training/toy.ts";

const { folder } = temporaryFolder();
const long = "a".repeat(20_000);
let model: string;

beforeAll(async () => {
  model = await writeFolder(folder, "model");
});

beforeEach(requireDist);

/** How Node ends with these arguments, started in the repository's root, and what it prints. */
function node(...argv: string[]) {
  const cwd = fileURLToPath(new URL("..", import.meta.url));
  const { status, signal, stdout } = spawnSync(process.execPath, argv, { cwd, encoding: "utf8" });
  return { status, signal, stdout };
}

const ended = (printed: RegExp) => ({ status: 0, signal: null, stdout: expect.stringMatching(printed) });

it.each<[string, string[], RegExp]>([
  ["inspect", ["--layer", "0", "--text", long], /^logits/m],
  ["predict", ["--input", long, "--json"], /"label":/],
])("attune %s", (command, argv, printed) => {
  expect(node("bin/attune.js", command, model, ...argv)).toEqual(ended(printed));
});

it("training", () => {
  const request = JSON.stringify({ options: toyRun(folder, "trained"), resume: false });
  const child = ["--import", "./scripts/typescript.js", "test/training/child.ts"];
  expect(node(...child, request, long)).toEqual(ended(/^step 1$/m));
});
