/**
 * What a masked-language model would write in place of each [MASK] of a text.
 *
 * One text goes through the model at a time; only the masked positions are computed to the end (models/bert/
 * masked-lm.ts). Does not rank whole phrases: each mask is filled for itself, given that the others are hidden.
 *
 * Legend: p rows of a text (its first token, then its masks), v vocabulary.
 */
import type { HostTensor } from "../base/dtype.ts";
import { AttuneError, internal } from "../base/errors.ts";
import { elementCount } from "../base/shape.ts";
import { softmaxRows } from "../eval/index.ts";
import { bertMaskedLogits } from "../models/bert/masked-lm.ts";
import {
  assertLoadable,
  maskedLmConfig,
  matchParameters,
  readModelFolder,
  readParameter,
} from "../models/checkpoint/index.ts";
import { encodeModel } from "../onnx/index.ts";
import type { RunSession } from "../runtime/index.ts";
import { openWorkerSession } from "../runtime/index.ts";
import { emitModel } from "../tensor/index.ts";
import type { BertTokenizer } from "../text/index.ts";
import { locateModel, wordPieceOfFolder } from "../train/index.ts";
import type { LoadOptions } from "./types.ts";

/** One candidate for a mask. */
export interface MaskCandidate {
  readonly token: string;
  readonly tokenId: number;
  /** Its probability among all of the vocabulary. */
  readonly score: number;
  /** The text with it in the mask's place; other masks stay. */
  readonly text: string;
}

/** One [MASK] of a text. */
export interface FilledMask {
  /** Which of the text's masks, from 0. */
  readonly mask: number;
  /** The most probable tokens, best first. */
  readonly candidates: readonly MaskCandidate[];
}

export interface FillMaskOptions {
  /** Candidates a mask. 1 to the size of the vocabulary; default 5. */
  readonly topK?: number;
}

export class MaskedLanguageModel {
  readonly #tokenizer: BertTokenizer;
  readonly #positions: number;
  readonly #session: RunSession;
  readonly #folder: string;

  private constructor(parts: {
    readonly tokenizer: BertTokenizer;
    readonly positions: number;
    readonly session: RunSession;
    readonly folder: string;
  }) {
    this.#tokenizer = parts.tokenizer;
    this.#positions = parts.positions;
    this.#session = parts.session;
    this.#folder = parts.folder;
  }

  /**
   * Loads a folder that `attune pretrain` or transformers wrote, a hub id or the built-in model, with its masked-word
   * head.
   *
   * @throws ERR_UNTRAINED_HEAD where the folder has no such head, such as one of a classifier; ERR_VOCABULARY where it
   *   has no [MASK]; ERR_MODEL_FAMILY where it is no BERT, ERR_UNTIED_HEAD; ERR_MODEL_FOLDER, ERR_CONFIG, ERR_TENSOR_SHAPE and the like
   * @example
   * const model = await MaskedLanguageModel.load("attune-zh-en-mini");
   * const [{ candidates }] = await model.fill("Paris is the [MASK] of France.");
   * await model.dispose();
   */
  static async load(model: string, options: LoadOptions = {}): Promise<MaskedLanguageModel> {
    const { device, threads, signal, onDownload } = options;
    const { folder: path } = await locateModel(model, { signal, onProgress: onDownload });
    const folder = await readModelFolder(path);
    try {
      const config = await maskedLmConfig(folder, "attune fill-mask");
      const tokenizer = wordPieceOfFolder(folder, config.vocabSize);
      const graph = bertMaskedLogits(config, "none", "int64");
      const isHead = ({ name }: { readonly name: string }) => name.startsWith("cls.");
      const match = matchParameters(graph.parameters, folder.weights);
      const found = graph.parameters.filter(isHead).filter(({ name }) => match.storedNames.has(name));
      if (found.length === 0) throw noHead(path);
      assertLoadable(match);
      const weights = new Map<string, HostTensor<"float32">>();
      for (const spec of graph.parameters) {
        const { name, shape } = spec;
        const data = new Float32Array(elementCount(shape));
        await readParameter(folder.weights, match.storedNames.get(name) ?? name, spec, data);
        weights.set(name, { dtype: "float32", shape, data });
      }
      const { inputs, outputs } = graph;
      const emitted = emitModel({
        name: "bert_for_masked_lm",
        inputs,
        outputs,
        parameters: weights,
        dialect: "ort",
      });
      const session = await openWorkerSession(
        encodeModel(emitted),
        device,
        threads === undefined ? {} : { threads },
      );
      const positions = config.maxPositionEmbeddings;
      return new MaskedLanguageModel({ tokenizer, positions, session, folder: path });
    } finally {
      await folder.weights.close();
    }
  }

  /** Tokens of its vocabulary, and most candidates a mask. */
  get vocabSize(): number {
    return this.#tokenizer.vocabSize;
  }

  /** Which runtime computes: "native" or "wasm". */
  get device(): string {
    return this.#session.device;
  }

  /**
   * Fills every [MASK] of a text, each for itself.
   *
   * @throws ERR_NO_MASK where there is none, ERR_MAX_LENGTH where the text does not fit, ERR_OPTION
   */
  async fill(text: string, { topK = 5 }: FillMaskOptions = {}): Promise<FilledMask[]> {
    const tokenizer = this.#tokenizer;
    if (!Number.isSafeInteger(topK) || topK < 1 || topK > tokenizer.vocabSize) throw badTopK(topK, tokenizer);
    const { ids, typeIds, offsets = new Int32Array(0) } = tokenizer.encode(text, { offsets: true });
    if (ids.length > this.#positions) throw tooLong(ids.length, this.#positions, this.#folder);
    const masks = ids.flatMap((id, place) => (id === tokenizer.maskId ? [place] : []));
    if (masks.length === 0) throw noMask(text);
    const logits = await this.#run(ids, typeIds, masks);
    const v = logits.length / (masks.length + 1);
    return masks.map((place, mask) => {
      const probabilities = softmaxRows(logits.subarray((mask + 1) * v, (mask + 2) * v), v);
      // an embedding table may have rows without a token
      const candidates = highest(probabilities.subarray(0, tokenizer.vocabSize), topK).map(
        (tokenId): MaskCandidate => {
          const token = tokenizer.idToToken(tokenId) ?? "";
          const [from, to] = [offsets[2 * place], offsets[2 * place + 1]];
          const filled = text.slice(0, from) + token.replace(/^##/, "") + text.slice(to);
          return { token, tokenId, score: probabilities[tokenId], text: filled };
        },
      );
      return { mask, candidates };
    });
  }

  async dispose(): Promise<void> {
    await this.#session.dispose();
  }

  /** Logits [p, v] of the first token and of the places. */
  async #run(
    ids: readonly number[],
    typeIds: readonly number[],
    places: readonly number[],
  ): Promise<Float32Array> {
    const t = ids.length;
    const rows = [0, ...places];
    const inverse = new Int32Array(t).fill(rows.length);
    rows.forEach((place, row) => {
      inverse[place] = row;
    });
    const int64 = (values: readonly number[]) => ({
      dtype: "int64" as const,
      shape: [1, t],
      data: BigInt64Array.from(values, BigInt),
    });
    const { logits } = await this.#session.run({
      input_ids: int64(ids),
      attention_mask: int64(ids.map(() => 1)),
      token_type_ids: int64(typeIds),
      places: { dtype: "int32", shape: [rows.length, 1], data: Int32Array.from(rows) },
      inverse: { dtype: "int32", shape: [t], data: inverse },
    });
    if (!(logits.data instanceof Float32Array)) throw internal("logits are not float32");
    return logits.data;
  }
}

/** The places of the k largest values, largest first; of equals the smaller place. */
function highest(values: Float64Array, k: number): number[] {
  return Array.from(values.keys())
    .sort((a, b) => values[b] - values[a] || a - b)
    .slice(0, k);
}

function noHead(file: string): AttuneError {
  return new AttuneError("ERR_UNTRAINED_HEAD", {
    rule: "a model can fill masks only with a trained masked-word head",
    found: "the checkpoint has none (no cls.predictions.*)",
    next: "use a masked-language model, or train the head: attune pretrain CORPUS --model FOLDER",
    file,
  });
}

function noMask(text: string): AttuneError {
  return new AttuneError("ERR_NO_MASK", {
    rule: "the text must have a [MASK] where a word is to be guessed",
    found: `none in ${JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}...` : text)}`,
    next: "write [MASK] in place of a word, or of one Chinese character",
  });
}

function tooLong(tokens: number, positions: number, file: string): AttuneError {
  return new AttuneError("ERR_MAX_LENGTH", {
    rule: `a text must have at most ${positions} tokens, as many as the model has positions`,
    found: `it has ${tokens}`,
    next: "shorten it around the mask",
    file,
  });
}

function badTopK(topK: number, { vocabSize }: BertTokenizer): AttuneError {
  return new AttuneError("ERR_OPTION", {
    rule: `topK must be a whole number in 1..${vocabSize}`,
    found: `found ${topK}`,
    next: `choose at most ${vocabSize} candidates`,
  });
}
