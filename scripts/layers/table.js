/**
 * Reads the table of layers from docs/architecture.md and checks that it makes sense on its own.
 *
 * The table stands between the two comments below and has four columns: folder of src (or a file, or a
 * sub-folder with rules of its own), what it holds, the folders that it may import, and what it may use from
 * outside: package names, `node:*` for Node's own modules and globals, `terminal` for writing to it.
 *
 * Does not look at the source tree: check-layers.js does.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";

const BEGIN = "<!-- layers:begin -->";
const END = "<!-- layers:end -->";

/** Where the table lives, relative to the root of the repository. */
export const TABLE_FILE = "docs/architecture.md";

/**
 * @typedef {object} Layer
 * @property {string} name "onnx", "models/checkpoint" or "index.ts", relative to src
 * @property {ReadonlySet<string>} imports names of other layers
 * @property {ReadonlySet<string>} outside package names, "node:*", "terminal"
 * @property {number} line in TABLE_FILE, 1-based
 *
 * @typedef {object} Violation
 * @property {string} file relative to the root, with forward slashes
 * @property {number} line 1-based
 * @property {string} rule what is wrong
 * @property {string} fix what to do
 */

/**
 * The table's rows by name, in order, and what is wrong with them.
 *
 * @param {string} root folder of the repository
 * @returns {{ layers: Map<string, Layer>, violations: Violation[] }}
 */
export function readTable(root) {
  /** @type {Map<string, Layer>} */
  const layers = new Map();
  /** @type {Violation[]} */
  const violations = [];
  for (const { cells, line } of tableRows(readFileSync(join(root, TABLE_FILE), "utf8"))) {
    if (cells.length !== 4) {
      violations.push(
        at(line, `a row of the layer table has 4 cells, this one ${cells.length}`, "mend the row"),
      );
    } else if (layers.has(cells[0])) {
      violations.push(at(line, `${cells[0]} has two rows in the layer table`, "keep one"));
    } else {
      layers.set(cells[0], { name: cells[0], imports: names(cells[2]), outside: names(cells[3]), line });
    }
  }
  if (layers.size === 0) {
    violations.push(at(1, "the layer table is missing", `write it between "${BEGIN}" and "${END}"`));
  }
  return { layers, violations: [...violations, ...inconsistencies(layers)] };
}

/**
 * The cells of each row below the table's heading, without back-ticks.
 *
 * @param {string} markdown
 */
function tableRows(markdown) {
  const lines = markdown.split(/\r?\n/);
  const begin = lines.indexOf(BEGIN);
  const end = lines.indexOf(END);
  if (begin < 0 || end < begin) return [];
  return lines
    .map((text, index) => ({ text: text.trim(), line: index + 1 }))
    .slice(begin + 1, end)
    .filter(({ text }) => text.startsWith("|"))
    .slice(2) // heading and rule
    .map(({ text, line }) => ({
      cells: text
        .replace(/^\||\|$/g, "")
        .split("|")
        .map((cell) => cell.replaceAll("`", "").trim()),
      line,
    }));
}

/**
 * "base, onnx" as a set; "-" as the empty one.
 *
 * @param {string} cell
 */
function names(cell) {
  return new Set(
    cell
      .split(",")
      .map((name) => name.trim())
      .filter((name) => name !== "" && name !== "-"),
  );
}

/**
 * Rows that name unknown layers, arrows that turn round, and browser-safe layers resting on Node.
 *
 * @param {Map<string, Layer>} layers
 */
function inconsistencies(layers) {
  /** @type {Violation[]} */
  const violations = [];
  for (const layer of layers.values()) {
    for (const name of layer.imports) {
      const imported = layers.get(name);
      if (imported === undefined) {
        violations.push(
          at(layer.line, `${layer.name} may import ${name}, which has no row`, "add it or correct the name"),
        );
      } else if (imported.outside.has("node:*") && !layer.outside.has("node:*")) {
        const rule = `${layer.name} runs in a browser and may not import ${name}, which uses Node`;
        violations.push(
          at(layer.line, rule, `take ${name} out of the row, or give ${layer.name} \`node:*\``),
        );
      }
    }
  }
  const cycle = findCycle(layers);
  if (cycle !== undefined) {
    const line = layers.get(cycle[0])?.line ?? 1;
    violations.push(
      at(line, `the layers import each other: ${cycle.join(" -> ")}`, "take one of the arrows out"),
    );
  }
  return violations;
}

/**
 * A path of layers that ends where it begins, if there is one.
 *
 * @param {Map<string, Layer>} layers
 * @returns {string[] | undefined}
 */
function findCycle(layers) {
  /** @type {Set<string>} */
  const cleared = new Set();
  /**
   * @param {string} name
   * @param {string[]} path
   * @returns {string[] | undefined}
   */
  const visit = (name, path) => {
    if (path.includes(name)) return [...path.slice(path.indexOf(name)), name];
    if (cleared.has(name)) return undefined;
    for (const next of layers.get(name)?.imports ?? []) {
      const cycle = visit(next, [...path, name]);
      if (cycle !== undefined) return cycle;
    }
    cleared.add(name);
    return undefined;
  };
  for (const name of layers.keys()) {
    const cycle = visit(name, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}

/**
 * @param {number} line
 * @param {string} rule
 * @param {string} fix
 * @returns {Violation}
 */
function at(line, rule, fix) {
  return { file: TABLE_FILE, line, rule, fix };
}
