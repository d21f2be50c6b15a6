/**
 * Deleting a vjp fails the build: the op files without any of their gradient rules, through the type checker.
 *
 * A rule stands in the op's object or, for the elementwise ops, is an argument of what makes it. All are deleted at
 * once; the checker must complain about each, under the op that it belongs to.
 */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { expect, it } from "vitest";
import { opTable } from "../../src/tensor/ops/index.ts";

const folder = fileURLToPath(new URL("../../src/tensor/ops/", import.meta.url));

const options: ts.CompilerOptions = {
  ...{ target: ts.ScriptTarget.ES2023, lib: ["lib.es2023.d.ts"], types: [] },
  ...{ module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext },
  ...{ strict: true, noEmit: true, skipLibCheck: true, allowImportingTsExtensions: true },
};

/** A top-level declaration of an op, or of a function that makes ops. */
interface Declaration {
  readonly name: string;
  /** Text ranges of its gradient rule. */
  readonly rules: readonly (readonly [start: number, end: number])[];
  /** The functions of the file that it calls. */
  readonly calls: ReadonlySet<string>;
}

it("every op that loses its vjp is an error", { timeout: 120_000 }, () => {
  const files = readdirSync(folder).filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"));
  const declared = new Map<string, readonly Declaration[]>();
  const cut = new Map<string, string>();
  for (const file of files) {
    const text = readFileSync(folder + file, "utf8");
    const declarations = declarationsOf(ts.createSourceFile(file, text, ts.ScriptTarget.ES2023, true));
    declared.set(file, declarations);
    cut.set(
      folder + file,
      blanked(
        text,
        declarations.flatMap(({ rules }) => rules),
      ),
    );
  }
  expect(errorsIn(new Map())).toEqual([]);
  const complaints = errorsIn(cut);
  // TypeScript says "Property 'vjp' is missing" or "Expected 2 arguments, but got 1"
  const lost = new Set(complaints.filter(({ code }) => [2741, 2554].includes(code)).map(({ name }) => name));
  const known = [...declared.values()].flat();
  const reported = Object.keys(opTable).filter((op) => {
    const own = known.find(({ name }) => name === op);
    return lost.has(op) || (own?.rules.length === 0 && [...own.calls].some((maker) => lost.has(maker)));
  });
  expect(reported).toEqual(Object.keys(opTable));
});

/** What stands at the top of an op file, with the ranges of rules inside. */
function declarationsOf(source: ts.SourceFile): readonly Declaration[] {
  const makers = new Set(
    source.statements.flatMap((statement) =>
      ts.isFunctionDeclaration(statement) && statement.parameters.some((one) => one.name.getText() === "vjp")
        ? [statement.name?.text ?? ""]
        : [],
    ),
  );
  return source.statements.flatMap((statement) => {
    const name = nameOf(statement);
    if (name === undefined) return [];
    const rules: [number, number][] = [];
    const calls = new Set<string>();
    const visit = (node: ts.Node): void => {
      if (ts.isPropertyAssignment(node) && node.name.getText() === "vjp") rules.push(withComma(node));
      else if (ts.isCallExpression(node)) {
        calls.add(node.expression.getText());
        if (makers.has(node.expression.getText())) rules.push(lastArgument(node));
      }
      ts.forEachChild(node, visit);
    };
    visit(statement);
    return [{ name, rules, calls }];
  });
}

function nameOf(statement: ts.Node): string | undefined {
  if (ts.isFunctionDeclaration(statement)) return statement.name?.text;
  if (!ts.isVariableStatement(statement)) return undefined;
  return statement.declarationList.declarations[0].name.getText();
}

function withComma(node: ts.Node): [number, number] {
  const text = node.getSourceFile().text;
  return [node.getStart(), text[node.getEnd()] === "," ? node.getEnd() + 1 : node.getEnd()];
}

function lastArgument({ arguments: given }: ts.CallExpression): [number, number] {
  return [given[given.length - 2].getEnd(), given[given.length - 1].getEnd()];
}

/** The text with spaces in place of these ranges, so that nothing else moves. */
function blanked(text: string, ranges: readonly (readonly [number, number])[]): string {
  let result = text;
  for (const [start, end] of ranges)
    result = result.slice(0, start) + result.slice(start, end).replace(/[^\n]/g, " ") + result.slice(end);
  return result;
}

/** Type errors of the op files where some have another text: their codes, under the declaration they stand in. */
function errorsIn(
  texts: ReadonlyMap<string, string>,
): readonly { readonly code: number; readonly name: string }[] {
  const host = ts.createCompilerHost(options);
  const read = host.readFile.bind(host);
  host.readFile = (file) => texts.get(file) ?? read(file);
  host.getSourceFile = (file, language) => {
    const text = host.readFile(file);
    return text === undefined ? undefined : ts.createSourceFile(file, text, language, true);
  };
  const program = ts.createProgram([`${folder}index.ts`], options, host);
  return program
    .getSourceFiles()
    .filter(({ fileName }) => fileName.startsWith(folder))
    .flatMap((file) =>
      program.getSemanticDiagnostics(file).map(({ code, start = 0 }) => {
        const statement = file.statements.find((one) => one.getStart() <= start && start < one.getEnd());
        return { code, name: (statement && nameOf(statement)) ?? file.fileName };
      }),
    );
}
