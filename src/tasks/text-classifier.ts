/**
 * TextClassifier: the front door. Train, load, predict, evaluate, save, export.
 *
 * Heavy work happens in worker threads; every method is async. One instance holds one model and one worker: call
 * `dispose()` when done, or the process stays alive.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { AttuneError, internal } from "../base/errors.ts";
import { optionError } from "../base/options.ts";
import type { CollatedBatch } from "../data/index.ts";
import { encodeLabels } from "../data/index.ts";
import { argmaxRows } from "../eval/index.ts";
import { writeFileAtomic, writeModelFolder } from "../models/checkpoint/index.ts";
import { encodeModel } from "../onnx/index.ts";
import type { RunSession } from "../runtime/index.ts";
import { openWorkerSession } from "../runtime/index.ts";
import type { Encoding } from "../text/index.ts";
import type { DoneEvent, Report, TrainEvent } from "../train/index.ts";
import {
  allLogits,
  checkMaxLength,
  loadSplit,
  locateModel,
  probabilities,
  report,
  runTraining,
  tokenizerContent,
} from "../train/index.ts";
import type { LoadedModel } from "./model.ts";
import { classifierModel, loadModel, namedTensors, trainedColumns } from "./model.ts";
import type {
  EvaluateOptions,
  Input,
  LoadOptions,
  PredictOptions,
  Prediction,
  TrainTaskOptions,
} from "./types.ts";

/** Padded tokens of one batch when predicting: about what two cores do in a tenth of a second on BERT-base. */
const BATCH_TOKENS = 1024;

/** A label of a multi-label model holds from this probability on. */
const THRESHOLD = 0.5;

export class TextClassifier {
  readonly #model: LoadedModel;
  readonly #session: RunSession;
  /** The hub id that it was loaded by; its folder is then the cache's, not ours to write into. */
  readonly #hubId: string | undefined;

  private constructor(model: LoadedModel, session: RunSession, hubId: string | undefined) {
    this.#model = model;
    this.#session = session;
    this.#hubId = hubId;
  }

  /**
   * Trains a classifier and loads it. Progress comes through `onEvent`; aborting `signal` finishes the step, saves
   * a checkpoint and rejects.
   *
   * @throws ERR_INTERRUPTED, and what training throws; an earlier model in `out` is left alone
   *   until the new one is complete.
   * @example
   * const classifier = await TextClassifier.train({
   *   train: "examples/quickstart/train.csv",
   *   dev: "examples/quickstart/dev.csv",
   *   model: "tiny",
   *   out: "runs/messages",
   *   onEvent: (event) => event.event === "evaluation" && console.log(event.epoch, event.accuracy),
   * });
   */
  static async train(options: TrainTaskOptions): Promise<TextClassifier> {
    const { onEvent, signal, resume, ...run } = options;
    let done: DoneEvent | undefined;
    for await (const event of runTraining(run, { resume, signal })) {
      onEvent?.(event);
      if (event.event === "interrupted") throw interrupted(event);
      if (event.event === "done") done = event;
    }
    if (done === undefined) throw internal("training ended without a result");
    return TextClassifier.load(done.out, { device: run.device, threads: run.threads });
  }

  /**
   * Loads a model folder that attune or Hugging Face transformers wrote, or a model of the hub by its id, which is
   * downloaded where the cache lacks it (docs/hub.md).
   *
   * @throws what `resolveModel` throws; ERR_MODEL_FOLDER, ERR_MODEL_FILE, ERR_CONFIG, ERR_TENSOR_SHAPE and the like, naming file and tensor.
   */
  static async load(model: string, options: LoadOptions = {}): Promise<TextClassifier> {
    const { device, threads, signal, onDownload } = options;
    const place = await locateModel(model, { signal, onProgress: onDownload });
    const loaded = await loadModel(place.folder);
    const bytes = encodeModel(classifierModel(loaded, "ort"));
    const session = await openWorkerSession(bytes, device, threads === undefined ? {} : { threads });
    return new TextClassifier(loaded, session, place.hub?.id);
  }

  /** The names of the columns that a model (a folder or hub id) was trained on; none where another tool wrote it. */
  static async columnsOf(model: string): Promise<LoadedModel["columns"]> {
    return trainedColumns((await locateModel(model)).folder);
  }

  /** Label names in the order of the model's outputs. */
  get labels(): readonly string[] {
    return this.#model.schema.names;
  }

  /** Whether a text may have several labels. */
  get multiLabel(): boolean {
    return this.#model.schema.kind === "multi";
  }

  /** Most tokens of an input, [CLS] and [SEP] included; longer ones are cut, and their receipts say so. */
  get maxLength(): number {
    return this.#model.maxLength;
  }

  /** Which runtime computes: "native" or "wasm". */
  get device(): string {
    return this.#session.device;
  }

  /**
   * Classifies one text, or many at once (faster: they are batched by length). Order is kept.
   *
   * @throws ERR_EMPTY_TEXT for a text without a single visible character; ERR_MAX_LENGTH.
   * @example
   * const { scores, receipt } = await classifier.predict("Where is my parcel?");
   */
  predict(input: Input, options?: PredictOptions): Promise<Prediction>;
  predict(inputs: readonly Input[], options?: PredictOptions): Promise<Prediction[]>;
  async predict(
    input: Input | readonly Input[],
    options: PredictOptions = {},
  ): Promise<Prediction | Prediction[]> {
    if (isMany(input)) return this.#predictAll(input, options);
    const [prediction] = await this.#predictAll([input], options);
    return prediction;
  }

  /**
   * The numbers before softmax or sigmoid, one row [c] an input, in the order of `labels`.
   *
   * @throws as `predict`.
   */
  async logits(inputs: readonly Input[], options: PredictOptions = {}): Promise<number[][]> {
    const c = this.labels.length;
    const encodings = this.#encode(toTexts(inputs), options.maxLength);
    const all = await this.#allLogits(encodings, options.onProgress);
    return encodings.map((_, i) => [...all.subarray(i * c, (i + 1) * c)]);
  }

  /**
   * Scores the model on labelled data, by default in the columns that it was trained on.
   *
   * @throws what the readers throw, and ERR_LABEL_UNKNOWN where the data has labels that the model lacks.
   */
  async evaluate(source: string, options: EvaluateOptions = {}): Promise<Report> {
    const { maxLength, onProgress, onBadRows, onTruncated, ...columns } = options;
    const { schema } = this.#model;
    const { columns: own } = this.#model;
    const { examples, badRows } = await loadSplit(source, {
      ...columns,
      textColumn: columns.textColumn ?? own.text,
      labelColumn: columns.labelColumn ?? own.label,
      textPairColumn: columns.textPairColumn ?? own.textPair,
      multiLabel: this.multiLabel,
    });
    if (badRows.length > 0) onBadRows?.(badRows);
    const labels = encodeLabels(examples, schema, source);
    const encodings = this.#encode(examples, maxLength);
    const cut = encodings.filter(({ truncatedTokens }) => truncatedTokens > 0).length;
    if (cut > 0) onTruncated?.(cut, encodings.length);
    return report(labels, probabilities(await this.#allLogits(encodings, onProgress), schema), schema);
  }

  /** Writes the model as a folder that attune and Hugging Face transformers load. */
  async save(folder: string): Promise<void> {
    const { model, tokenizer, maxLength, attune } = this.#model;
    await writeModelFolder(folder, {
      config: model.toHuggingFaceConfig(),
      ...tokenizerContent(tokenizer),
      maxLength,
      tensors: namedTensors(this.#model),
      attune,
    });
  }

  /**
   * Writes `onnx/model.onnx` in standard operators, as transformers.js and other ONNX runtimes load it.
   *
   * @param folder a model folder; default the one this model was loaded from, which a hub id does not have.
   * @returns the file's path.
   * @throws ERR_OPTION where a model of the hub is given no folder
   */
  async exportOnnx(folder: string = this.#model.path): Promise<string> {
    if (this.#hubId !== undefined && folder === this.#model.path)
      throw optionError(
        "exportOnnx",
        "a model of the hub needs a folder",
        `${this.#hubId} lies in the cache`,
      );
    if (folder !== this.#model.path) await this.save(folder);
    await mkdir(join(folder, "onnx"), { recursive: true });
    const path = join(folder, "onnx", "model.onnx");
    await writeFileAtomic(path, [encodeModel(classifierModel(this.#model, "onnx"))]);
    return path;
  }

  /** Stops the worker and frees the model. */
  async dispose(): Promise<void> {
    await this.#session.dispose();
  }

  async #predictAll(inputs: readonly Input[], options: PredictOptions): Promise<Prediction[]> {
    const encodings = this.#encode(toTexts(inputs), options.maxLength);
    const probs = probabilities(await this.#allLogits(encodings, options.onProgress), this.#model.schema);
    const c = this.labels.length;
    const best = argmaxRows(probs, c);
    return encodings.map((encoding, i) =>
      this.#prediction(encoding, probs.subarray(i * c, (i + 1) * c), best[i]),
    );
  }

  #encode(
    texts: readonly { readonly text: string; readonly textPair?: string }[],
    maxLength = this.maxLength,
  ): Encoding[] {
    checkMaxLength(maxLength, this.#model.model.maxTokens);
    const { tokenizer } = this.#model;
    return texts.map(({ text, textPair }) => tokenizer.encode(text, { pair: textPair, maxLength }));
  }

  #allLogits(
    encodings: readonly Encoding[],
    onProgress: PredictOptions["onProgress"],
  ): Promise<Float32Array> {
    return allLogits(encodings, (batch) => this.#logits(batch), {
      labelCount: this.labels.length,
      padId: this.#model.tokenizer.padId,
      batchTokens: BATCH_TOKENS,
      ...(onProgress === undefined ? {} : { onProgress }),
    });
  }

  async #logits({
    inputIds,
    attentionMask,
    tokenTypeIds,
    batch,
    length,
  }: CollatedBatch): Promise<Float32Array> {
    const int64 = (values: Int32Array) => ({
      dtype: "int64" as const,
      shape: [batch, length],
      data: BigInt64Array.from(values, BigInt),
    });
    const { logits } = await this.#session.run({
      input_ids: int64(inputIds),
      attention_mask: int64(attentionMask),
      ...(this.#model.model.takesTokenTypes ? { token_type_ids: int64(tokenTypeIds) } : {}),
    });
    if (!(logits.data instanceof Float32Array)) throw internal("logits are not float32");
    return logits.data;
  }

  #prediction(encoding: Encoding, probs: Float64Array, best: number): Prediction {
    const { ids, truncatedTokens, unknownTokens } = encoding;
    const scores = Object.fromEntries(this.labels.map((label, i) => [label, probs[i]]));
    const receipt = { tokens: ids.length, truncatedTokens, unknownTokens };
    return this.multiLabel
      ? { labels: this.labels.filter((_, i) => probs[i] >= THRESHOLD), scores, receipt }
      : { label: this.labels[best], score: probs[best], scores, receipt };
  }
}

function isMany(input: Input | readonly Input[]): input is readonly Input[] {
  return Array.isArray(input);
}

/** @throws ERR_EMPTY_TEXT */
function toTexts(inputs: readonly Input[]): { readonly text: string; readonly textPair?: string }[] {
  return inputs.map((input, i) => {
    const texts = typeof input === "string" ? { text: input } : input;
    if (texts.text.trim() !== "") return texts;
    throw new AttuneError("ERR_EMPTY_TEXT", {
      rule: "a text to classify must have at least one visible character",
      found: `input ${i + 1} is blank`,
      next: "leave it out",
    });
  });
}

function interrupted(event: Extract<TrainEvent, { event: "interrupted" }>): AttuneError {
  return new AttuneError("ERR_INTERRUPTED", {
    rule: "training was asked to stop",
    found: `it is saved at step ${event.step} of ${event.totalSteps}`,
    next: "run the same again with resume to go on",
    file: event.checkpoint,
  });
}
