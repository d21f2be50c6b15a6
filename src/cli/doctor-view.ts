/** What `attune doctor` found, for people. */
import { fieldLines } from "./fields.ts";
import { count, counted, duration, fileSize, short } from "./format.ts";
import type { MachineCheck } from "./inspect-machine.ts";
import type { ModelCheck, WeightsCheck } from "./inspect-model.ts";
import { PRODUCT_SIZE, type RuntimeCheck } from "./inspect-runtime.ts";
import { formatTable } from "./table.ts";
import type { Layout } from "./terminal.ts";
import { printable, wrap } from "./width.ts";

/** The machine and its runtimes, and what to install. */
export function machineLines(machine: MachineCheck, layout: Layout): string[] {
  const { attune, node, platform, cpu, memory, runtimes } = machine;
  return [
    ...fieldLines("attune", attune, layout),
    ...fieldLines("node", `${node} on ${platform}`, layout),
    ...fieldLines("cpu", `${counted(cpu.cores, "core")}, ${cpu.model}`, layout),
    ...fieldLines("memory", `${fileSize(memory.freeBytes)} free of ${fileSize(memory.totalBytes)}`, layout),
    ...runtimes.flatMap((runtime) => fieldLines(runtime.device, runtimeText(runtime), layout)),
    "",
    ...wrap(advice(runtimes), layout.width),
  ];
}

/** A model folder: what is there, and what is wrong. */
export function modelLines(model: ModelCheck, layout: Layout): string[] {
  const { path, config, family, weights, vocabularySize, predictionMs, problems } = model;
  const { colors } = layout;
  const lines = [colors.bold(printable(path)), ...fileLines(model, layout)];
  if (config !== undefined) {
    const { numHiddenLayers, hiddenSize, numAttentionHeads, maxPositionEmbeddings, labels, problemType } =
      config;
    const encoder = `${family === undefined || family === "BERT" ? "" : `${family}, `}${counted(numHiddenLayers, "layer")} of ${hiddenSize}, ${numAttentionHeads} heads, ${maxPositionEmbeddings} positions`;
    const kind = problemType === "multi_label_classification" ? "any number of them a text" : "one a text";
    lines.push(...fieldLines("model", `${encoder}; ${counted(labels.length, "label")}, ${kind}`, layout));
  }
  if (weights !== undefined) lines.push(...weightLines(weights, layout));
  if (vocabularySize !== undefined) {
    const rows = config === undefined ? "" : `, the model has room for ${count(config.vocabSize)}`;
    lines.push(...fieldLines("vocab", `${counted(vocabularySize, "token")}${rows}`, layout));
  }
  lines.push(...problems.flatMap((problem) => fieldLines("problem", problem, layout).map(colors.red)));
  lines.push(
    predictionMs === undefined
      ? colors.red("it cannot predict")
      : colors.green(`it predicts: the first text took ${duration(predictionMs)}`),
  );
  return lines;
}

function fileLines({ files }: ModelCheck, { width, colors }: Layout): string[] {
  if (files.length === 0) return [];
  const columns = [
    { heading: "file", align: "left" as const, flexible: true },
    { heading: "size", align: "right" as const },
  ];
  const rows = files.map(({ name, bytes }) => [printable(name), fileSize(bytes)]);
  return [...formatTable(columns, rows, { width, headingStyle: colors.dim }), ""];
}

const MOST_NAMES = 10;

/** How many, then those that are missing, of another shape, or too many, by name. */
function weightLines(weights: WeightsCheck, layout: Layout): string[] {
  const { parameters, tensors, missing, mismatched, unexpected } = weights;
  const shapes = mismatched.map(
    ({ name, expected, stored }) => `${name} is [${stored}], should be [${expected}]`,
  );
  const groups = Object.entries({ missing, shape: shapes, unused: unexpected });
  return [
    ...fieldLines(
      "weights",
      `${short(parameters)} numbers in the model; ${counted(tensors, "tensor")} in the file`,
      layout,
    ),
    ...groups.flatMap(([name, all]) => [
      ...all.slice(0, MOST_NAMES).flatMap((text) => fieldLines(name, text, layout)),
      ...(all.length > MOST_NAMES
        ? fieldLines(name, `and ${counted(all.length - MOST_NAMES, "other")}`, layout)
        : []),
    ]),
  ];
}

function runtimeText(runtime: RuntimeCheck): string {
  if ("error" in runtime) return runtime.error;
  const { version, productMs } = runtime;
  return `ONNX Runtime ${version}; ${PRODUCT_SIZE}x${PRODUCT_SIZE} matrices multiplied in ${productMs.toFixed(1)} ms`;
}

function advice(runtimes: readonly RuntimeCheck[]): string {
  const works = (device: string) =>
    runtimes.some((runtime) => runtime.device === device && "productMs" in runtime);
  if (works("native")) return "The native runtime is used: nothing to install.";
  const install = "ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node";
  return works("wasm")
    ? `The WASM runtime is used. The native one is about 5 times faster: ${install}`
    : `No runtime works. Install the package again, or the native runtime: ${install}`;
}
