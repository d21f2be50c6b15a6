/**
 * One sentence through one layer: every tensor on the way, with its numbers. For `attune inspect --layer N --text`.
 *
 * The graph is the model's own (models/bert/), traced with what it records, logits included; nothing is computed twice
 * and nothing is computed here. The last layer is computed for every token, where prediction computes it for [CLS] alone:
 * the numbers of [CLS] are the same.
 *
 * Families whose layers are BERT's can be walked through; the others (`layerScope` undefined) are refused.
 */
import type { HostTensor } from "../base/dtype.ts";
import { AttuneError, internal } from "../base/errors.ts";
import { elementCount } from "../base/shape.ts";
import { inputList } from "../models/blocks/inputs.ts";
import { readParameter } from "../models/checkpoint/index.ts";
import type { EncoderModel } from "../models/family.ts";
import { encodeModel } from "../onnx/index.ts";
import { openWorkerSession } from "../runtime/index.ts";
import { emitModel, type Tensor, topologicalOrder } from "../tensor/index.ts";
import type { Encoding, Tokenizer } from "../text/index.ts";
import { locateModel, tokenizerOfFolder } from "../train/index.ts";
import { checkLayer, isOnnxFile } from "./describe-model.ts";
import { parseAttune } from "./model.ts";
import { type OpenModel, withModelFolder } from "./model-folder.ts";
import { ofHead } from "./of-head.ts";
import type { LoadOptions } from "./types.ts";
import {
  type LayerWalk,
  STEPS,
  type WalkOptions,
  type WalkStep,
  type WalkStepName,
  type WalkToken,
} from "./walk-types.ts";

/**
 * Walks a sentence, or a pair, through one layer of the model in a folder; texts are cut as in prediction.
 *
 * @throws ERR_LAYER, ERR_HEAD, ERR_EMPTY_TEXT, ERR_PAD_TO; ERR_WALK_FAMILY for a family whose layers are not BERT's;
 *   ERR_MODEL_FOLDER for an ONNX file, which has no tokenizer; what
 *   loading a folder throws.
 * @example
 * const walk = await walkLayer("runs/messages", { layer: 0, text: "Where is my parcel?" });
 * walk.steps.weights.shape; // [2, 7, 7]: heads, queries, keys
 */
export async function walkLayer(model: string, options: WalkOptions): Promise<LayerWalk> {
  checkTexts(options);
  const { folder: path } = await locateModel(model);
  if (await isOnnxFile(path)) throw noTokenizer(path);
  return withModelFolder(path, async (opened) => {
    const { folder, encoder } = opened;
    const { config, maxTokens } = encoder;
    const scope = scopeOf(encoder, options.layer, path);
    checkLayer(options.layer, [...Array(config.numHiddenLayers).keys()], path);
    checkHead(options.head, config.numAttentionHeads, path);
    const tokenizer = tokenizerOfFolder(folder, config.vocabSize);
    const maxLength = parseAttune(folder).maxLength ?? maxTokens;
    const encoding = tokenizer.encode(options.text, { pair: options.textPair, maxLength });
    checkPadding(options.padTo, encoding.ids.length, maxTokens);
    const { tokens, feeds } = enter(encoding, tokenizer, encoder, options.padTo);
    const { values, device } = await run(opened, trace(opened, scope), feeds, options);
    const steps = Object.fromEntries(
      Object.entries(STEPS).map(([name, [at, ...dims]]) => {
        const step = stepOf(`${scope}.${at}`, dims, values[name]);
        return [name, options.head === undefined ? step : ofHead(step, options.head)];
      }),
    );
    return {
      path,
      layer: options.layer,
      layers: config.numHiddenLayers,
      scope,
      heads: config.numAttentionHeads,
      ...(options.head === undefined ? {} : { head: options.head }),
      headSize: config.hiddenSize / config.numAttentionHeads,
      hiddenSize: config.hiddenSize,
      layerNormEps: config.layerNormEps,
      tokens,
      receipt: {
        tokens: encoding.ids.length,
        truncatedTokens: encoding.truncatedTokens,
        unknownTokens: encoding.unknownTokens,
      },
      device,
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- made from the entries of STEPS
      steps: steps as Record<WalkStepName, WalkStep>,
      ...logitsOf(opened, values),
    };
  });
}

/** The model's graph, with what it records of one layer, by the names of `STEPS`, and the logits where it has them. */
function trace({ encoder, classifier }: OpenModel, scope: string): Traced {
  const all = new Map<string, Tensor>();
  const options = { idType: "int64", steps: all } as const;
  const { inputs, logits } =
    classifier === undefined
      ? { ...encoder.traceEncoder(options), logits: undefined }
      : classifier.trace(options);
  const recorded = Object.entries(STEPS).map(([name, [at]]) => {
    const tensor = all.get(`${scope}.${at}`);
    if (tensor === undefined) throw internal(`the model does not record "${scope}.${at}"`);
    return [name, tensor] as const;
  });
  return {
    inputs: inputList(inputs),
    outputs: { ...Object.fromEntries(recorded), ...(logits === undefined ? {} : { logits }) },
  };
}

/** @throws ERR_WALK_FAMILY */
function scopeOf(encoder: EncoderModel, layer: number, file: string): string {
  const scope = encoder.layerScope(layer);
  if (scope !== undefined) return scope;
  throw new AttuneError("ERR_WALK_FAMILY", {
    rule: "only layers like BERT's can be walked through: those of BERT, RoBERTa, XLM-RoBERTa, ELECTRA and ERNIE",
    found: `this is a ${encoder.family.name}`,
    next: "leave the text out to see the layer's graph",
    file,
  });
}

interface Traced {
  readonly inputs: readonly Tensor[];
  readonly outputs: Readonly<Record<string, Tensor>>;
}

/** Computes the outputs in a worker, with those weights alone that they depend on. */
async function run(
  { graph, folder, match }: OpenModel,
  { inputs, outputs }: Traced,
  feeds: Readonly<Record<string, HostTensor>>,
  { device: choice, threads }: LoadOptions,
) {
  const needed = new Set(
    topologicalOrder(Object.values(outputs)).flatMap(({ source }) =>
      source.kind === "parameter" ? [source.name] : [],
    ),
  );
  const weights = new Map<string, HostTensor<"float32">>();
  for (const spec of graph.parameters.filter(({ name }) => needed.has(name))) {
    const { name, shape } = spec;
    const data = new Float32Array(elementCount(shape));
    await readParameter(folder.weights, match.storedNames.get(name) ?? name, spec, data);
    weights.set(name, { dtype: "float32", shape, data });
  }
  const model = emitModel({ name: "walk", inputs, outputs, parameters: weights, dialect: "ort" });
  const session = await openWorkerSession(
    encodeModel(model),
    choice,
    threads === undefined ? {} : { threads },
  );
  try {
    return { values: await session.run(feeds), device: session.device };
  } finally {
    await session.dispose();
  }
}

/** The tokens and the feeds [1, t] of one encoding, with padding behind it. */
function enter(
  { ids, typeIds }: Encoding,
  tokenizer: Tokenizer,
  { takesTokenTypes }: EncoderModel,
  t = ids.length,
) {
  const tokens: WalkToken[] = Array.from({ length: t }, (_, i) => {
    const id = ids[i] ?? tokenizer.padId;
    return {
      token: tokenizer.idToToken(id) ?? "",
      id,
      type: typeIds[i] ?? 0,
      padding: i >= ids.length,
    };
  });
  const row = (valueOf: (token: WalkToken) => number): HostTensor => ({
    dtype: "int64",
    shape: [1, t],
    data: BigInt64Array.from(tokens.map((token) => BigInt(valueOf(token)))),
  });
  const feeds = {
    input_ids: row(({ id }) => id),
    attention_mask: row(({ padding }) => (padding ? 0 : 1)),
    ...(takesTokenTypes ? { token_type_ids: row(({ type }) => type) } : {}),
  };
  return { tokens, feeds };
}

/** A recorded tensor of one sentence: the batch's axis of 1 goes, which stands second where there are three and no heads. */
function stepOf(path: string, dims: readonly string[], { shape, data }: HostTensor): WalkStep {
  if (!(data instanceof Float32Array)) throw internal(`${path} is not float32`);
  return { path, dims, shape: dims.length === 2 ? [shape[0], shape[2]] : shape, values: data };
}

function logitsOf(
  { classifier }: OpenModel,
  { logits }: Readonly<Record<string, HostTensor>>,
): Pick<LayerWalk, "logits"> {
  if (classifier === undefined) return {};
  return { logits: classifier.config.labels.map((label, i) => ({ label, logit: Number(logits.data[i]) })) };
}

function checkHead(head: number | undefined, heads: number, file: string): void {
  if (head === undefined || (Number.isSafeInteger(head) && head >= 0 && head < heads)) return;
  throw new AttuneError("ERR_HEAD", {
    rule: "a head must be one that the layer has; the first is 0",
    found: `${head}, and the layer has 0 to ${heads - 1}`,
    next: heads === 1 ? "leave the head out" : `pass a head from 0 to ${heads - 1}`,
    file,
  });
}

function checkTexts({ text, textPair }: WalkOptions): void {
  const blank = text.trim() === "" ? "the text" : textPair?.trim() === "" ? "the second text" : undefined;
  if (blank === undefined) return;
  throw new AttuneError("ERR_EMPTY_TEXT", {
    rule: "a text to walk through a layer must have at least one visible character",
    found: `${blank} is blank`,
    next: "pass a sentence",
  });
}

function checkPadding(padTo: number | undefined, tokens: number, positions: number): void {
  if (padTo === undefined || (Number.isSafeInteger(padTo) && padTo >= tokens && padTo <= positions)) return;
  throw new AttuneError("ERR_PAD_TO", {
    rule: "padding must not cut the text or exceed the model's positions",
    found: `${padTo}, for a text of ${tokens} tokens and a model of ${positions} positions`,
    next: `pad to ${tokens}..${positions}`,
  });
}

function noTokenizer(file: string): AttuneError {
  return new AttuneError("ERR_MODEL_FOLDER", {
    rule: "a text needs a model folder, with a tokenizer and weights by name",
    found: "this is a file",
    next: "pass the folder that it was exported from, or leave the text out to see the graph",
    file,
  });
}
