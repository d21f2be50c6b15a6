/**
 * Graph code imports nothing native. The layer check refuses it by the table of docs/architecture.md as it stands (how
 * the check works is tested in test/check-layers.test.ts), and a bundler for browsers finds every file that it needs.
 *
 * src/models/checkpoint reads and writes folders: it has a row of its own, with `node:*`, and no other graph code may
 * import it.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { checkLayers } from "../../scripts/check-layers.js";
import { readTable, TABLE_FILE } from "../../scripts/layers/table.js";
import { bundle, root } from "./bundle.ts";

const folders = ["tensor", "nn", "models", "text"];

/** An import that a browser cannot follow, and how the check names it. */
const native: readonly (readonly [statement: string, named: string])[] = [
  ['import "onnxruntime-node";', "may not import the package onnxruntime-node"],
  ['import "onnxruntime-web/wasm";', "may not import the package onnxruntime-web"],
  ['const ort = await import("onnxruntime-node");', "may not import the package onnxruntime-node"],
  ['import { createRequire } from "node:module";', "may not use Node (node:module)"],
  ['const addon = require("./addon.node");', "may not use Node (./addon.node)"],
  ['process.dlopen(module, "addon.node");', "may not use Node (process)"],
  ['import "../runtime/backend.ts";', "may not import runtime"],
  ['import "../models/checkpoint/folder.ts";', "may not import models/checkpoint"],
];

/** A repository of the real table with a row's folder or file each, all empty. */
const copy = mkdtempSync(join(tmpdir(), "attune-native-"));
afterAll(() => rmSync(copy, { recursive: true }));
put(TABLE_FILE, readFileSync(join(root, TABLE_FILE), "utf8"));
for (const name of readTable(root).layers.keys()) {
  const isFile = name.endsWith(".ts");
  put(`src/${isFile ? name : `${name}/index.ts`}`, "");
}

function put(path: string, text: string): void {
  mkdirSync(dirname(join(copy, path)), { recursive: true });
  writeFileSync(join(copy, path), text);
}

it("the layer check accepts the copy while nothing native is in it", () => {
  expect(checkLayers(copy).violations).toEqual([]);
});

describe.each(folders)("src/%s", (folder) => {
  it.each(native)("the layer check refuses %s", (statement, named) => {
    const file = `src/${folder}/native.ts`;
    put(file, `// native\n${statement}`);
    const { violations } = checkLayers(copy);
    rmSync(join(copy, file));
    expect(violations).toEqual([
      { file, line: 2, rule: expect.stringContaining(named), fix: expect.any(String) },
    ]);
  });

  it("bundles for a browser, file by file", async () => {
    const files = readdirSync(join(root, "src", folder), { recursive: true, encoding: "utf8" })
      .filter((file) => /(?<!\.test)\.ts$/.test(file) && !file.startsWith("checkpoint"))
      .map((file) => `src/${folder}/${file}`);
    const chunks = await bundle({ entries: Object.fromEntries(files.map((file) => [file, file])) });
    const local = (id: string) => id.slice(root.length);
    expect(chunks.flatMap(({ facadeModuleId: id }) => (id === null ? [] : [local(id)])).sort()).toEqual(
      files.sort(),
    );
    const modules = chunks.flatMap(({ moduleIds }) => moduleIds.map(local));
    expect(modules.length).toBeGreaterThan(5);
    expect(modules.filter((file) => /onnxruntime|\.node$|^src\/runtime\//.test(file))).toEqual([]);
  });
});
