/**
 * A model for people: its sizes, its weights by part, and its graph, a row an operation in sections as the layers go.
 *
 *     %14  Gemm       [b*t, 128]   %13; transB=1
 *                                  attention.self.query.weight [128, 128]
 *                                  attention.self.query.bias [128]
 *
 * Cells wrap; nothing is cut.
 */
import type { ModelDescription, ModelSummary, OnnxSummary } from "../tasks/describe-model.ts";
import type { GraphDescription, NodeDescription, ValueDescription } from "../onnx/index.ts";
import { fieldLines } from "./fields.ts";
import { count, counted, short } from "./format.ts";
import { type Column, formatTable } from "./table.ts";
import type { Layout } from "./terminal.ts";
import { padEnd, printable, stringWidth, wrap } from "./width.ts";

/** The model as a whole, then its graph, or the part of it that was described: the layers numbered `layer`. */
export function modelGraphLines(description: ModelDescription, layout: Layout, layer?: number): string[] {
  return [
    ...summaryLines(description, layout),
    "",
    ...groupLines(description, layout),
    "",
    ...graphLines(description, layout, layer),
  ];
}

function summaryLines({ path, summary }: ModelDescription, layout: Layout): string[] {
  return [
    layout.colors.bold(printable(path)),
    ...(summary.family === "onnx" ? onnxLines(summary, layout) : folderLines(summary, layout)),
  ];
}

function folderLines(summary: ModelSummary, layout: Layout): string[] {
  const { layers, hiddenSize, heads, intermediateSize, positions, vocabSize, labels, multiLabel } = summary;
  const field = (name: string, text: string) => fieldLines(name, text, layout);
  const kind = multiLabel === true ? "any number of them a text" : "one a text";
  return [
    ...field(
      "model",
      `${summary.name}: ${counted(layers, "layer")} of width ${hiddenSize}, ${counted(heads, "head")} of ` +
        `${hiddenSize / heads} in each, feed-forward of width ${intermediateSize}`,
    ),
    ...field("reads", `up to ${counted(positions, "token")} of a vocabulary of ${count(vocabSize)}`),
    ...field(
      "labels",
      labels === undefined ? "none: it has no classifier" : `${labels.length}, ${kind}: ${labels.join(", ")}`,
    ),
  ];
}

function onnxLines({ producer, opsets, nodes, layers }: OnnxSummary, layout: Layout): string[] {
  const sets = Object.entries(opsets).map(
    ([domain, version]) => `${domain === "" ? "ONNX" : domain} ${version}`,
  );
  const layered = layers === 0 ? "no layers that its names show" : counted(layers, "layer");
  return [
    ...fieldLines("model", `ONNX file${producer === "" ? "" : ` written by ${producer}`}`, layout),
    ...fieldLines("ops", `${counted(nodes, "node")}, ${layered}; sets: ${sets.join(", ")}`, layout),
  ];
}

/** How many numbers each part holds. */
function groupLines({ groups, summary }: ModelDescription, { width, colors }: Layout): string[] {
  const columns: Column[] = [
    { heading: "weights of", align: "left", flexible: true },
    { heading: "tensors", align: "right" },
    { heading: "numbers", align: "right" },
    { heading: "share", align: "right" },
  ];
  const share = (parameters: number) =>
    `${((100 * parameters) / Math.max(1, summary.parameters)).toFixed(1)}%`;
  const rows = groups.map(({ name, tensors, parameters }) => [
    printable(name === "" ? "(no path)" : name),
    count(tensors),
    count(parameters),
    share(parameters),
  ]);
  const tensors = groups.reduce((sum, group) => sum + group.tensors, 0);
  const all = ["all", count(tensors), count(summary.parameters), short(summary.parameters)];
  return formatTable(columns, [...rows, all], { width, headingStyle: colors.dim });
}

function graphLines({ graph, summary }: ModelDescription, layout: Layout, layer?: number): string[] {
  const field = (name: string, text: string) => fieldLines(name, text, layout);
  const values = (name: string, all: readonly ValueDescription[]) =>
    all.flatMap((value, i) => field(i === 0 ? name : "", `${value.name} ${typeText(value)}`));
  const sections = [...new Set(graph.nodes.map(({ section }) => section))];
  const several = layer !== undefined && sections.length > 1;
  const dims = summary.family !== "onnx" ? "; b texts of t tokens" : "";
  return [
    ...field("graph", `${graph.name}, ${counted(graph.nodes.length, "operation")}`),
    ...(several ? field("layer", `${layer} of each: ${sections.join(", ")}`) : []),
    ...values("reads", graph.inputs),
    ...values("gives", graph.outputs),
    ...field(
      "legend",
      `%N is the result of row N; float32 where no type stands, ? where none is known${dims}`,
    ),
    ...new GraphView(graph, layout).lines(),
  ];
}

/** Cells of a row, each of one line or several. */
type Row = readonly (readonly string[])[];

const NARROWEST_READS = 20;
const WIDEST_OP = 18;
const WIDEST_TYPE = 22;

class GraphView {
  readonly #graph: GraphDescription;
  readonly #layout: Layout;
  /** How the rows call each value. */
  readonly #names = new Map<string, string>();
  readonly #parameters: ReadonlyMap<string, ValueDescription>;
  readonly #widths: Widths;

  constructor(graph: GraphDescription, layout: Layout) {
    this.#graph = graph;
    this.#layout = layout;
    this.#parameters = new Map(graph.parameters.map((parameter) => [parameter.name, parameter]));
    for (const { name, values } of graph.constants) this.#names.set(name, constantText(values));
    graph.nodes.forEach(({ outputs }, i) => {
      outputs.forEach(({ name }, j) => this.#names.set(name, outputs.length === 1 ? `%${i}` : `%${i}.${j}`));
    });
    const widest = (texts: readonly string[], most: number) =>
      Math.min(most, Math.max(2, ...texts.map(stringWidth)));
    const op = widest(graph.nodes.map(opText), WIDEST_OP);
    const type = widest(
      graph.nodes.flatMap(({ outputs }) => outputs.map(typeText)),
      WIDEST_TYPE,
    );
    this.#widths = columnWidths([String(graph.nodes.length).length + 1, op, type], layout.width);
  }

  lines(): string[] {
    const lines: string[] = [];
    const seen = new Set<string>();
    let section: string | undefined;
    this.#graph.nodes.forEach((node, i) => {
      if (node.section !== section) {
        section = node.section;
        const again = seen.has(section) ? " (again)" : "";
        const title = section === "" ? "(no path)" : printable(section);
        lines.push("", this.#layout.colors.bold(`${title}${again}`));
        seen.add(section);
      }
      lines.push(...this.#rowLines(this.#row(node, i)));
    });
    return lines;
  }

  #row(node: NodeDescription, i: number): Row {
    const { inputs, outputs, attributes, section } = node;
    const parameters = inputs.filter((name) => this.#parameters.has(name));
    const others = inputs.filter((name) => !this.#parameters.has(name));
    const reads = others.map((name) => (name === "" ? "_" : (this.#names.get(name) ?? name))).join(", ");
    const given = Object.entries(attributes).map(([name, value]) => `${name}=${attributeText(value)}`);
    const paths = parameters.map((name) => {
      const path = section !== "" && name.startsWith(`${section}.`) ? name.slice(section.length + 1) : name;
      return `${path} ${typeText(this.#parameters.get(name) ?? { name })}`;
    });
    const first = [reads, given.join(" ")].filter((text) => text !== "").join("; ");
    return [
      [`%${i}`],
      [opText(node)],
      outputs.map(typeText),
      [...(first === "" ? [] : [first]), ...paths].map(printable),
    ];
  }

  #rowLines(row: Row): string[] {
    const { beside, below } = this.#widths;
    const lines = sideBySide(row.slice(0, beside.length), beside);
    if (below === undefined) return lines;
    const reads = row.slice(beside.length).flat();
    const indent = " ".repeat(this.#layout.width - below);
    return [...lines, ...reads.flatMap((text) => wrap(text, below)).map((line) => indent + line)];
  }
}

const GAP = "  ";

interface Widths {
  /** Number, operation and type; what it reads where there is room for it. */
  readonly beside: readonly number[];
  /** Where there is not: the width of the lines below. */
  readonly below?: number;
}

/** Operation and type share what a narrow terminal has. */
function columnWidths([number, op, type]: readonly [number, number, number], width: number): Widths {
  const rest = width - number - op - type - 3 * GAP.length;
  if (rest >= NARROWEST_READS) return { beside: [number, op, type, rest] };
  const room = width - number - 2 * GAP.length;
  const narrowOp = Math.min(op, Math.max(1, room >> 1));
  const narrowType = Math.min(type, Math.max(1, room - narrowOp));
  return { beside: [number, narrowOp, narrowType], below: Math.max(1, width - number - GAP.length) };
}

function sideBySide(row: Row, widths: readonly number[]): string[] {
  const cells = row.map((texts, i) => texts.flatMap((text) => wrap(text, widths[i])));
  const height = Math.max(...cells.map((lines) => lines.length));
  return Array.from({ length: height }, (_, line) =>
    cells
      .map((lines, i) => padEnd(lines[line] ?? "", widths[i]))
      .join(GAP)
      .trimEnd(),
  );
}

function opText({ op, domain }: NodeDescription): string {
  return printable(domain === undefined ? op : `${domain}.${op}`);
}

/** "[t, b, 128]", "int64 [t, b]", "?" where nothing is known. */
function typeText({ dtype, shape }: ValueDescription): string {
  if (dtype === undefined) return "?";
  const type = dtype === "float32" ? "" : `${dtype} `;
  return printable(`${type}${shape === undefined ? "[?]" : `[${shape.join(", ")}]`}`);
}

function attributeText(value: NodeDescription["attributes"][string]): string {
  if (typeof value === "number") return constantText([value]);
  if (typeof value === "string") return value;
  if (!("name" in value)) return `[${value.join(", ")}]`;
  return "values" in value ? constantText(value.values) : typeText(value);
}

/** Numbers in as many digits as float32 has: the lowest one is -3.4028235e+38. */
function constantText(values: readonly number[]): string {
  const texts = values.map((value) =>
    String(Number.isInteger(value) && Math.abs(value) < 1e21 ? value : Number(value.toPrecision(8))),
  );
  return texts.length === 1 ? texts[0] : `{${texts.join(", ")}}`;
}
