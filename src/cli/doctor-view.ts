/** What `attune doctor` found, for people. */
import { fieldLines } from "./fields.ts";
import { count, counted, duration, fileSize } from "./format.ts";
import type { MachineCheck } from "./inspect-machine.ts";
import type { ModelCheck } from "./inspect-model.ts";
import { PRODUCT_SIZE, type RuntimeCheck } from "./inspect-runtime.ts";
import { formatTable } from "./table.ts";
import type { Layout } from "./terminal.ts";
import { weightLines } from "./weights-view.ts";
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
    lines.push(...fieldLines("model", modelText(config, family), layout));
  }
  if (weights !== undefined) lines.push(...weightLines(weights, layout));
  if (vocabularySize !== undefined) {
    const rows = config === undefined ? "" : `, the model has room for ${count(config.vocabSize)}`;
    lines.push(...fieldLines("vocab", `${counted(vocabularySize, "token")}${rows}`, layout));
  }
  lines.push(...problems.flatMap((problem) => fieldLines("problem", problem, layout).map(colors.red)));
  if (predictionMs !== undefined)
    lines.push(colors.green(`it predicts: the first text took ${duration(predictionMs)}`));
  else if (problems.length > 0) lines.push(colors.red("it cannot predict"));
  else lines.push(...wrap(encoderText(model), layout.width));
  return lines;
}

function encoderText({ path, weights }: ModelCheck): string {
  const named = weights?.unexpected.some((name) => /^(module\.)*classifier\./.test(name)) !== true;
  return named
    ? `a pre-trained encoder, whole: attune train DATA --model ${path}`
    : "an encoder, whole, and a classifier that cannot be used until config.json names its labels: id2label";
}

function modelText(config: NonNullable<ModelCheck["config"]>, family: string | undefined): string {
  const { numHiddenLayers, hiddenSize, numAttentionHeads, maxPositionEmbeddings, labels, problemType } =
    config;
  const name = family === undefined || family === "BERT" ? "" : `${family}, `;
  const encoder = `${name}${counted(numHiddenLayers, "layer")} of ${hiddenSize}, ${numAttentionHeads} heads, ${maxPositionEmbeddings} positions`;
  if (labels === undefined) return `${encoder}; no classifier`;
  const kind = problemType === "multi_label_classification" ? "any number of them a text" : "one a text";
  return `${encoder}; ${counted(labels.length, "label")}, ${kind}`;
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
