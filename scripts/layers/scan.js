/**
 * What one source file takes from elsewhere: the modules that it imports, the terminal, Node's globals.
 *
 * Reads the syntax tree, so that comments and strings do not count. Does not see imports whose specifier is
 * computed, and does not resolve names: a local variable called `process` would count as Node's.
 */
import ts from "typescript";

const NODE_GLOBALS = new Set(["process", "Buffer", "require", "setImmediate"]);
const STREAMS = new Set(["stdout", "stderr"]);

/**
 * @typedef {object} Use
 * @property {"module" | "terminal" | "node global"} kind
 * @property {string} name a module specifier, "console.log", "process.stdout", "Buffer"
 * @property {number} line 1-based
 */

/**
 * The uses in a file's source text, in the order in which they stand there.
 *
 * @param {string} file its name, for the extension
 * @param {string} text TypeScript or JavaScript
 * @returns {Use[]}
 */
export function scan(file, text) {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  /** @type {Use[]} */
  const uses = [];
  /** @param {ts.Node} node */
  const visit = (node) => {
    const line = source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
    for (const use of usesOf(node)) uses.push({ ...use, line });
    ts.forEachChild(node, visit);
  };
  visit(source);
  return uses;
}

/**
 * @param {ts.Node} node
 * @returns {Pick<Use, "kind" | "name">[]}
 */
function usesOf(node) {
  const specifier = moduleSpecifier(node);
  if (specifier !== undefined) {
    const streams = importsStreams(node)
      ? [{ kind: /** @type {const} */ ("terminal"), name: specifier }]
      : [];
    return [{ kind: "module", name: specifier }, ...streams];
  }
  if (ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression)) {
    const [object, property] = [node.expression.text, node.name.text];
    if (object === "console" || (object === "process" && STREAMS.has(property))) {
      return [{ kind: "terminal", name: `${object}.${property}` }];
    }
  }
  const taken = ts.isPropertyAccessExpression(node) || ts.isCallExpression(node) || ts.isNewExpression(node);
  if (taken && ts.isIdentifier(node.expression) && NODE_GLOBALS.has(node.expression.text)) {
    return [{ kind: "node global", name: node.expression.text }];
  }
  return [];
}

/**
 * "./shape.ts" for `import`, `export from`, `import()`, `import("...").Type` and `require()` with a literal.
 *
 * @param {ts.Node} node
 */
function moduleSpecifier(node) {
  const specifier = specifierNode(node);
  return specifier !== undefined && ts.isStringLiteralLike(specifier) ? specifier.text : undefined;
}

/**
 * @param {ts.Node} node
 * @returns {ts.Node | undefined}
 */
function specifierNode(node) {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier;
  if (ts.isImportTypeNode(node))
    return ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined;
  if (!ts.isCallExpression(node)) return undefined;
  const loads =
    node.expression.kind === ts.SyntaxKind.ImportKeyword || node.expression.getText() === "require";
  return loads ? node.arguments[0] : undefined;
}

/**
 * Whether this is `import { stdout } from "node:process"`, which reaches the terminal without naming `process`.
 *
 * @param {ts.Node} node
 */
function importsStreams(node) {
  if (!ts.isImportDeclaration(node) || !/^(node:)?process$/.test(moduleSpecifier(node) ?? "")) return false;
  const bindings = node.importClause?.namedBindings;
  if (bindings === undefined || !ts.isNamedImports(bindings)) return false;
  return bindings.elements.some((element) => STREAMS.has((element.propertyName ?? element.name).text));
}
