/**
 * Fails when a file of src imports what its folder may not, by the table in docs/architecture.md.
 *
 * Run by `npm test`. Rules: a folder imports only the folders and packages of its row; only a row with `node:*`
 * may use Node's modules, addons and globals, only one with `terminal` may write to the terminal; every folder of src
 * has a row and every row a folder; the table itself has no cycle (layers/table.js).
 *
 * Does not look at tests (*.test.ts): an oracle may come from anywhere. Cycles between files are the linter's.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join, posix, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { scan } from "./layers/scan.js";
import { readTable, TABLE_FILE } from "./layers/table.js";

/**
 * @typedef {import("./layers/scan.js").Use} Use
 * @typedef {import("./layers/table.js").Layer} Layer
 * @typedef {import("./layers/table.js").Violation} Violation
 */

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { violations, files, layers } = checkLayers(fileURLToPath(new URL("..", import.meta.url)));
  for (const { file, line, rule, fix } of violations) console.error(`${file}:${line}: ${rule}; ${fix}`);
  if (violations.length === 0)
    console.log(`layers: ${files} files in ${layers} layers keep to ${TABLE_FILE}`);
  else process.exitCode = 1;
}

/**
 * Every violation under `root`, the table's own first, then file by file.
 *
 * @param {string} root folder that holds src/ and docs/architecture.md
 * @returns {{ violations: Violation[], files: number, layers: number }}
 */
export function checkLayers(root) {
  const { layers, violations } = readTable(root);
  const files = sourceFiles(join(root, "src"));
  violations.push(...missingRows(files, layers), ...missingFolders(root, layers));
  for (const file of files) {
    const layer = layerOf(file, layers);
    if (layer === undefined) continue;
    for (const use of scan(file, readFileSync(join(root, "src", file), "utf8"))) {
      const wrong = judge(use, file, layer, layers);
      if (wrong !== undefined) violations.push({ file: `src/${file}`, line: use.line, ...wrong });
    }
  }
  return { violations, files: files.length, layers: layers.size };
}

/**
 * Paths of the sources that are not tests, relative to src, with forward slashes.
 *
 * @param {string} src
 */
function sourceFiles(src) {
  return readdirSync(src, { recursive: true, encoding: "utf8" })
    .map((file) => file.split(sep).join("/"))
    .filter((file) => /\.(ts|js|mjs)$/.test(file) && !file.endsWith(".test.ts"))
    .sort();
}

/**
 * @param {string[]} files
 * @param {Map<string, Layer>} layers
 * @returns {Violation[]}
 */
function missingRows(files, layers) {
  const orphans = files
    .filter((file) => layerOf(file, layers) === undefined)
    .map((file) => file.split("/")[0]);
  return [...new Set(orphans)].map((name) => ({
    file: `src/${name}`,
    line: 1,
    rule: `src/${name} has no row in the layer table`,
    fix: `add one to ${TABLE_FILE}`,
  }));
}

/**
 * @param {string} root
 * @param {Map<string, Layer>} layers
 * @returns {Violation[]}
 */
function missingFolders(root, layers) {
  return [...layers.values()]
    .filter(({ name }) => !existsSync(join(root, "src", name)))
    .map(({ name, line }) => ({
      file: TABLE_FILE,
      line,
      rule: `src/${name} does not exist`,
      fix: "take its row out",
    }));
}

/**
 * The row that governs a path relative to src: the longest of those that are the path or a folder above it.
 *
 * @param {string} path
 * @param {Map<string, Layer>} layers
 * @returns {Layer | undefined}
 */
function layerOf(path, layers) {
  for (let name = path; name !== "."; name = posix.dirname(name)) {
    const layer = layers.get(name);
    if (layer !== undefined) return layer;
  }
  return undefined;
}

/**
 * What is wrong with one use, if anything.
 *
 * @param {Use} use
 * @param {string} file that uses it, relative to src
 * @param {Layer} layer of the file
 * @param {Map<string, Layer>} layers
 * @returns {Pick<Violation, "rule" | "fix"> | undefined}
 */
function judge(use, file, layer, layers) {
  if (use.kind === "terminal") {
    if (layer.outside.has("terminal")) return undefined;
    const fix = "return the text or yield an event and let src/cli show it";
    return { rule: `${layer.name} may not write to the terminal (${use.name})`, fix };
  }
  if (use.kind === "node global" || isBuiltin(use.name) || use.name.endsWith(".node")) {
    if (layer.outside.has("node:*")) return undefined;
    const fix = "take the data as an argument and let a layer with `node:*` fetch it";
    return { rule: `${layer.name} runs in a browser and may not use Node (${use.name})`, fix };
  }
  return use.name.startsWith(".") ? judgeFile(use.name, file, layer, layers) : judgePackage(use.name, layer);
}

/**
 * @param {string} specifier relative
 * @param {string} file
 * @param {Layer} layer
 * @param {Map<string, Layer>} layers
 */
function judgeFile(specifier, file, layer, layers) {
  const path = posix.join(posix.dirname(file), specifier);
  if (path.startsWith("..")) {
    return {
      rule: `src may not import what lies outside it ("${specifier}")`,
      fix: "move the file into src",
    };
  }
  const imported = layerOf(path, layers);
  if (imported === undefined || imported === layer || layer.imports.has(imported.name)) return undefined;
  const fix = `it may import ${list(layer.imports)}: move the shared part there, or change the table of ${TABLE_FILE}`;
  return { rule: `${layer.name} may not import ${imported.name} ("${specifier}")`, fix };
}

/**
 * @param {string} specifier of a package or of a file in one
 * @param {Layer} layer
 */
function judgePackage(specifier, layer) {
  const name = specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
  if (layer.outside.has(name)) return undefined;
  const packages = [...layer.outside].filter((outside) => outside !== "node:*" && outside !== "terminal");
  const fix = `it may import ${list(packages)}: go through the layer that has it, or change the table of ${TABLE_FILE}`;
  return { rule: `${layer.name} may not import the package ${name}`, fix };
}

/** @param {Iterable<string>} names */
function list(names) {
  return [...names].join(", ") || "nothing";
}
