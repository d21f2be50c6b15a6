/**
 * What a model is and computes: its sizes and its graph, as text and as data. For `attune inspect`.
 *
 * Takes a model folder, whose graph is traced as prediction and training trace it, or any ONNX file. Runs nothing and
 * reads no weights of a folder but their shapes.
 */
import { readFile, stat } from "node:fs/promises";
import { AttuneError } from "../base/errors.ts";
import { elementCount } from "../base/shape.ts";
import { readError } from "../base/file-errors.ts";
import type { Graph, GraphDescription, Model } from "../onnx/index.ts";
import { decodeModel, describeGraph, graphLayers, printGraph } from "../onnx/index.ts";
import { emitModel } from "../tensor/index.ts";
import { locateModel, trainingStepModel } from "../train/index.ts";
import type { ModelType } from "../models/family.ts";
import { type OpenModel, withModelFolder } from "./model-folder.ts";

export interface DescribeOptions {
  /**
   * Only this layer of the graph, counted from 0 as in the parameters' paths; where an encoder and a decoder have one
   * of that number each, both. Default: all of it.
   */
  readonly layer?: number;
  /**
   * "inference", as exported, or "training": the loss and the gradients as a training step runs them. Default
   * "inference".
   */
  readonly graph?: "inference" | "training";
}

/** The sizes of a model in a folder. */
export interface ModelSummary {
  readonly family: ModelType;
  /** For people: "DistilBERT". */
  readonly name: string;
  readonly layers: number;
  /** Width of every hidden state. */
  readonly hiddenSize: number;
  readonly heads: number;
  /** Width inside the feed-forward. */
  readonly intermediateSize: number;
  /** Most tokens of an input. */
  readonly positions: number;
  /** Rows of the token table. */
  readonly vocabSize: number;
  /** Numbers in all parameters together. */
  readonly parameters: number;
  /** Absent where there is no classifier. */
  readonly labels?: readonly string[];
  readonly multiLabel?: boolean;
}

/** What an ONNX file says of itself. */
export interface OnnxSummary {
  readonly family: "onnx";
  /** The program that wrote it; may be "". */
  readonly producer: string;
  /** Versions of the operator sets by domain; "" is the standard one. */
  readonly opsets: Readonly<Record<string, number>>;
  readonly nodes: number;
  /** Layers that the names in the graph show, those of an encoder and of a decoder together. */
  readonly layers: number;
  /** Numbers in all weights together. */
  readonly parameters: number;
}

/** The weights of one part of a model. */
export interface ParameterGroup {
  /** Path of the part: "bert.encoder.layer.0"; "" where the graph does not say. */
  readonly name: string;
  readonly tensors: number;
  /** Numbers in them together. */
  readonly parameters: number;
}

export interface ModelDescription {
  readonly path: string;
  readonly summary: ModelSummary | OnnxSummary;
  /** All weights of the model, by the part that reads them first. */
  readonly groups: readonly ParameterGroup[];
  readonly graph: GraphDescription;
  /** The same graph as text, a line a node. */
  readonly text: string;
}

/**
 * Describes the model in a folder or an ONNX file.
 *
 * @throws ERR_LAYER for a layer that is not there; ERR_NO_CLASSIFIER for the training graph of what cannot be
 *   trained; ERR_ONNX_UNREADABLE, ERR_FILE_MISSING, and what loading a folder throws.
 * @example
 * const { summary, text } = await describeModel("runs/messages", { layer: 0 });
 */
export async function describeModel(model: string, options: DescribeOptions = {}): Promise<ModelDescription> {
  const { folder: path } = await locateModel(model);
  return (await isOnnxFile(path))
    ? describeFile(path, options)
    : withModelFolder(path, (opened) => describeFolder(path, opened, options));
}

/** Whether a path names a file, or what would be one: all else is taken for a folder. */
export async function isOnnxFile(path: string): Promise<boolean> {
  const stats = await stat(path).catch(() => undefined);
  return stats === undefined ? path.endsWith(".onnx") : stats.isFile();
}

/** @throws ERR_LAYER unless `layer` is one of `layers`. */
export function checkLayer(layer: number, layers: readonly number[], file: string): void {
  if (layers.includes(layer)) return;
  const last = layers.at(-1);
  throw new AttuneError("ERR_LAYER", {
    rule: "a layer must be one that the model has; the first is 0",
    found:
      last === undefined
        ? `${layer}, and the graph shows no layers`
        : `${layer}, and the model has ${layers[0]} to ${last}`,
    next: last === undefined ? "leave the layer out" : `pass a layer from ${layers[0]} to ${last}`,
    file,
  });
}

function describeFolder(
  path: string,
  opened: OpenModel,
  { layer, graph: which }: DescribeOptions,
): ModelDescription {
  const { encoder, classifier } = opened;
  const { config, family } = encoder;
  if (layer !== undefined) checkLayer(layer, [...Array(config.numHiddenLayers).keys()], path);
  const inference = inferenceModel(opened);
  const { model, parameters } = which === "training" ? trainingModel(path, opened) : inference;
  const groups = parameterGroups(describeGraph(inference.model.graph, new Set(inference.parameters)));
  const summary: ModelSummary = {
    family: family.modelType,
    name: family.name,
    layers: config.numHiddenLayers,
    hiddenSize: config.hiddenSize,
    heads: config.numAttentionHeads,
    intermediateSize: config.intermediateSize,
    positions: encoder.maxTokens,
    vocabSize: config.vocabSize,
    parameters: opened.graph.parameters.reduce((sum, { shape }) => sum + elementCount(shape), 0),
    ...(classifier === undefined
      ? {}
      : {
          labels: classifier.config.labels,
          multiLabel: classifier.config.problemType === "multi_label_classification",
        }),
  };
  return { path, summary, groups, ...views(model.graph, new Set(parameters), layer) };
}

function inferenceModel({ graph, encoder }: OpenModel): { model: Model; parameters: readonly string[] } {
  const graphName = encoder.family.modelType.replace("-", "_");
  const model = emitModel({ name: graphName, ...graph, parameters: "inputs", dialect: "onnx" });
  return { model, parameters: graph.parameters.map(({ name }) => name) };
}

function trainingModel(path: string, { classifier }: OpenModel) {
  if (classifier !== undefined) return trainingStepModel(classifier);
  throw noClassifier("the model has no classifier", path, "train it first: attune train DATA --model FOLDER");
}

async function describeFile(
  path: string,
  { layer, graph: which }: DescribeOptions,
): Promise<ModelDescription> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw readError(error, path);
  });
  const { graph, producer, opsets } = decodeModel(bytes, path);
  if (which === "training")
    throw noClassifier("an ONNX file holds no loss", path, "pass the folder that it was exported from");
  const layers = graphLayers(graph, new Set());
  const numbers = [...new Set(layers.map(({ number }) => number))].sort((a, b) => a - b);
  if (layer !== undefined) checkLayer(layer, numbers, path);
  const groups = parameterGroups(describeGraph(graph));
  const summary: OnnxSummary = {
    family: "onnx",
    producer,
    opsets,
    nodes: graph.nodes.length,
    layers: layers.length,
    parameters: groups.reduce((sum, { parameters }) => sum + parameters, 0),
  };
  return { path, summary, groups, ...views(graph, new Set(), layer) };
}

function views(graph: Graph, parameters: ReadonlySet<string>, layer: number | undefined) {
  return { graph: describeGraph(graph, parameters, layer), text: printGraph(graph, parameters, layer) };
}

function parameterGroups({ parameters, nodes }: GraphDescription): ParameterGroup[] {
  const counts = new Map(parameters.map(({ name, shape = [] }) => [name, elementCount(shape.map(Number))]));
  const groups = new Map<string, { tensors: number; parameters: number }>();
  const add = (section: string, parameter: string) => {
    const size = counts.get(parameter);
    if (size === undefined || !counts.delete(parameter)) return;
    const group = groups.get(section) ?? { tensors: 0, parameters: 0 };
    groups.set(section, { tensors: group.tensors + 1, parameters: group.parameters + size });
  };
  for (const { section, inputs } of nodes) for (const name of inputs) add(section, name);
  for (const name of [...counts.keys()]) add("", name); // nothing reads them
  return [...groups].map(([name, group]) => ({ name, ...group }));
}

function noClassifier(found: string, file: string, next: string): AttuneError {
  return new AttuneError("ERR_NO_CLASSIFIER", {
    rule: "only a classifier has a training graph here",
    found,
    next,
    file,
  });
}
