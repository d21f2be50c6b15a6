import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { checkLayers } from "../scripts/check-layers.js";

const ROWS = `
| \`base\` | errors | - | - |
| \`text\` | tokens | \`base\` | - |
| \`runtime\` | sessions | \`base\` | \`node:*\`, \`onnxruntime-common\`, \`@scope/native\` |
| \`models\` | graphs | \`base\` | - |
| \`models/checkpoint\` | files | \`base\`, \`models\` | \`node:*\` |
| \`cli\` | commands | \`base\`, \`text\`, \`runtime\` | \`node:*\`, \`terminal\` |
`;
const FILES = {
  "base/errors.ts": "export const one = 1;",
  "text/words.ts": 'import { one } from "../base/errors.ts";\nexport const two = one + one;',
  "runtime/session.ts":
    'import { Tensor } from "onnxruntime-common";\nimport native from "@scope/native/lib.js";',
  "models/bert/names.ts": "export const names = [];",
  "models/checkpoint/read.ts":
    'import { readFile } from "node:fs/promises";\nimport { names } from "../bert/names.ts";',
  "cli/main.ts": 'import "../text/words.ts";\nconsole.log("hello");\nprocess.stdout.write("!");',
};

const roots: string[] = [];
afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true });
});

/** A temporary repository of these files of src and rows of the table. */
function tree(files: Record<string, string>, rows: string): string {
  const root = mkdtempSync(join(tmpdir(), "attune-layers-"));
  roots.push(root);
  const heading = "| folder | holds | may import | from outside |\n|---|---|---|---|";
  const page = `# Map\n<!-- layers:begin -->\n${heading}\n${rows.trim()}\n<!-- layers:end -->\n`;
  const sources = Object.entries(files).map(([file, text]) => [`src/${file}`, text]);
  mkdirSync(join(root, "src"));
  for (const [file, text] of [["docs/architecture.md", page], ...sources]) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  }
  return root;
}

/** What the check says about such a tree: lines "file:line: rule". */
function verdicts(files: Record<string, string>, rows = ROWS): string[] {
  return checkLayers(tree(files, rows)).violations.map(({ file, line, rule }) => `${file}:${line}: ${rule}`);
}

/** The verdicts on the lawful tree with one file more. */
const withFile = (file: string, text: string): string[] => verdicts({ ...FILES, [file]: text });

describe("check-layers", () => {
  it("accepts a tree that keeps to its table", () => {
    expect(verdicts(FILES)).toEqual([]);
  });

  it.each([
    ["import", 'import { x } from "../cli/main.ts";'],
    ["type import", 'import type { X } from "../cli/main.ts";'],
    ["import for its effect", 'import "../cli/main.ts";'],
    ["re-export", 'export * from "../cli/main.ts";'],
    ["dynamic import", 'const x = await import("../cli/main.ts");'],
    ["import in a type", 'type X = import("../cli/main.ts").X;'],
  ])("catches an upward %s", (_, text) => {
    expect(withFile("text/up.ts", `// up\n${text}`)).toEqual([
      'src/text/up.ts:2: text may not import cli ("../cli/main.ts")',
    ]);
  });

  it("catches an import of what lies outside src", () => {
    expect(withFile("text/out.ts", 'import "../../scripts/build.js";')).toEqual([
      'src/text/out.ts:1: src may not import what lies outside it ("../../scripts/build.js")',
    ]);
  });

  it("says what may be imported instead", () => {
    const root = tree({ ...FILES, "models/bert/up.ts": 'import "../../cli/main.ts";' }, ROWS);
    expect(checkLayers(root).violations.map(({ fix }) => fix)).toEqual([
      "it may import base: move the shared part there, or change the table of docs/architecture.md",
    ]);
  });

  it.each([
    ["onnxruntime-node", 'import ort from "onnxruntime-node";', "the package onnxruntime-node"],
    ["a file of it", 'import ort from "onnxruntime-web/wasm";', "the package onnxruntime-web"],
    ["a scoped package", 'import native from "@scope/native/lib.js";', "the package @scope/native"],
    ["a package loaded late", 'const zod = await import("zod");', "the package zod"],
  ])("catches %s outside the folder that has it", (_, text, what) => {
    expect(withFile("text/native.ts", text)).toEqual([`src/text/native.ts:1: text may not import ${what}`]);
  });

  it.each([
    ["node:fs", 'import { readFileSync } from "node:fs";'],
    ["fs/promises", 'import { readFile } from "fs/promises";'],
    ["process", "const debug = process.env.DEBUG;"],
    ["Buffer", 'const bytes = Buffer.from("x");'],
    ["setImmediate", "setImmediate(() => undefined);"],
    ["crypto", 'const c = require("crypto");'],
  ])("catches Node's %s in a folder for the browser", (name, text) => {
    expect(withFile("models/bert/io.ts", text)).toEqual([
      `src/models/bert/io.ts:1: models runs in a browser and may not use Node (${name})`,
    ]);
  });

  it.each([
    ["console.log", 'console.log("hello");'],
    ["console.error", 'console.error("hello");'],
    ["process.stdout", 'process.stdout.write("hello");'],
    ["process.stderr", "const out = process.stderr;"],
    ["node:process", 'import { stdout as out } from "node:process";'],
  ])("catches writing to the terminal by %s", (name, text) => {
    expect(withFile("runtime/log.ts", text)).toEqual([
      `src/runtime/log.ts:1: runtime may not write to the terminal (${name})`,
    ]);
  });

  it("keeps a sub-folder with a row of its own apart from its parent", () => {
    expect(withFile("models/bert/load.ts", 'import "../checkpoint/read.ts";')).toEqual([
      'src/models/bert/load.ts:1: models may not import models/checkpoint ("../checkpoint/read.ts")',
    ]);
  });

  it("does not count comments, strings, tests and other people's names", () => {
    const text =
      '// import "../cli/main.ts"\n/** console.log(1) */ const s = \'import "fs"; process.exit()\';\nspan.process.x();';
    expect(withFile("text/quiet.ts", text)).toEqual([]);
    expect(withFile("text/words.test.ts", 'import "node:fs";\nimport "../cli/main.ts";')).toEqual([]);
  });

  it("wants a row for every folder and a folder for every row", () => {
    expect(verdicts({ ...FILES, "serve/app.ts": "", "index.ts": "" })).toEqual([
      "src/index.ts:1: src/index.ts has no row in the layer table",
      "src/serve:1: src/serve has no row in the layer table",
    ]);
    expect(verdicts(FILES, `${ROWS}| \`serve\` | http | - | - |`)).toEqual([
      "docs/architecture.md:11: src/serve does not exist",
    ]);
  });

  it.each([
    [
      "a cycle",
      "| `a` | x | `b` | - |\n| `b` | x | `a` | - |",
      "5: the layers import each other: a -> b -> a",
    ],
    ["an unknown layer", "| `a` | x | `c` | - |\n| `b` | x | - | - |", "5: a may import c, which has no row"],
    [
      "a browser-safe layer on top of Node",
      "| `a` | x | `b` | - |\n| `b` | x | - | `node:*` |",
      "5: a runs in a browser and may not import b, which uses Node",
    ],
    [
      "a second row",
      "| `a` | x | - | - |\n| `b` | x | - | - |\n| `a` | x | - | - |",
      "7: a has two rows in the layer table",
    ],
    [
      "a row cut short",
      "| `a` | x | - | - |\n| `b` | x | - | - |\n| `c` | x |",
      "7: a row of the layer table has 4 cells, this one 2",
    ],
    ["no row at all", "", "1: the layer table is missing"],
  ])("catches %s in the table", (_, rows, expected) => {
    expect(verdicts(rows === "" ? {} : { "a/x.ts": "", "b/x.ts": "" }, rows)).toEqual([
      `docs/architecture.md:${expected}`,
    ]);
  });
});
