/**
 * BERT's pre-training heads: masked words, and whether the second text follows the first.
 *
 *     masked words:  logits = LayerNorm(act(W h + b)) E^T + c       E: the word embeddings, tied; act: the layers' own
 *     next text:     logits = U pooled + d
 *
 * Sources: Devlin et al. 2019, sections 3.1 and A.1; Lan et al. 2020 (ALBERT) for the order of two texts, which has
 * the same head. Parameter paths are those of Hugging Face's `BertForPreTraining`.
 *
 * In training only the masked positions are computed: they alone go through the last layer, the head and the softmax
 * over the vocabulary. The loss never makes a one-hot matrix [n, v]:
 *
 *     sum_i w_i (logsumexp(z_i) - z_i[label_i]),   z_i[label_i] = x_i . E[label_i] + c[label_i]
 *
 * where the last term, summed over i, is a product of c with the weight that each word has among the labels, which the
 * host feeds. Does not choose what is masked: pretrain/masking.ts does.
 *
 * Legend: b batch, t tokens, p rows a text, n = p b rows, h hidden, v vocabulary.
 */
import { product } from "../../base/shape.ts";
import type { DropoutSite, ParameterSpec } from "../../nn/index.ts";
import { crossEntropy, embeddingTable, layerNorm, linear, project, Scope } from "../../nn/index.ts";
import type { Tensor } from "../../tensor/index.ts";
import { add, gatherRows, input, logSumExp, mul, pickRows, reshape, sub, sum } from "../../tensor/index.ts";
import { activate } from "../blocks/activations.ts";
import { inputList } from "../blocks/inputs.ts";
import type { BertInputs } from "./backbone.ts";
import { bertEncoder, bertInputs, bertPooler, start } from "./backbone.ts";
import type { BertConfig } from "./config.ts";

/** What is read off the second segment: nothing, or whether it follows (`nsp`) or stands in order (`sop`). */
export type SentenceObjective = "none" | "nsp" | "sop";

/** What a pre-training step is fed beside the texts. */
export interface MaskedInputs {
  /** int32 [p, b]: places of the rows in [t*b], place (token, text) being token * b + text. Row 0 is the first token. */
  readonly places: Tensor;
  /** int32 [b*t]: for each place its row in [p*b], or p*b. */
  readonly inverse: Tensor;
  /** int32 [p, b]: the word that stood there; any where the weight is 0. */
  readonly labels: Tensor;
  /** float32 [p, b]: the share of the row in the loss; 0 for rows that were not masked. */
  readonly weights: Tensor;
  /** float32 [v]: the weights added up by label. */
  readonly labelWeights: Tensor;
}

/** A traced pre-training loss and what it depends on. */
export interface PretrainingGraph {
  readonly inputs: readonly Tensor[];
  /** [1]: masked words, plus the second objective's where there is one. */
  readonly loss: Tensor;
  readonly parameters: readonly ParameterSpec[];
  readonly dropouts: readonly DropoutSite[];
}

/** Logits for every row that is asked for. */
export interface MaskedLogitsGraph {
  readonly inputs: readonly Tensor[];
  /** `logits` [n, v]; `sentence_logits` [b, 2] where that objective was trained. */
  readonly outputs: Readonly<Record<string, Tensor>>;
  readonly parameters: readonly ParameterSpec[];
}

/**
 * Traces the loss of a pre-training step. Inputs by name: `input_ids`, `attention_mask`, `token_type_ids`, `places`,
 * `inverse`, `labels`, `weights`, `label_weights`, and for a sentence objective `sentence_labels`, `example_weights`.
 */
export function bertPretrainingLoss(config: BertConfig, objective: SentenceObjective): PretrainingGraph {
  const root = Scope.root({ training: true });
  const inputs = bertInputs("int32");
  const masked = maskedInputs(config);
  const { rows, pooled } = trace(root, inputs, masked, config, objective);
  const words = wordLoss(root, rows, masked, config);
  const { places, inverse, labels, weights, labelWeights } = masked;
  const given = [...inputList(inputs), places, inverse, labels, weights, labelWeights];
  if (pooled === undefined)
    return { inputs: given, loss: words, parameters: root.parameters, dropouts: root.dropouts };
  const sentenceLabels = input("sentence_labels", "int32", ["b"]);
  const exampleWeights = input("example_weights", "float32", ["b"]);
  const sentences = crossEntropy(sentenceHead(root, pooled, config), sentenceLabels, { exampleWeights });
  return {
    inputs: [...given, sentenceLabels, exampleWeights],
    loss: add(words, sentences),
    parameters: root.parameters,
    dropouts: root.dropouts,
  };
}

/** Traces the logits of chosen rows. Inputs: the three of BERT, `places` and `inverse`. */
export function bertMaskedLogits(
  config: BertConfig,
  objective: SentenceObjective,
  idType: "int32" | "int64" = "int32",
): MaskedLogitsGraph {
  const root = Scope.root({ training: false });
  const inputs = bertInputs(idType);
  const { places, inverse } = maskedInputs(config);
  const { rows, pooled } = trace(root, inputs, { places, inverse }, config, objective);
  const { states, table, bias } = wordHead(root, rows, config);
  const logits = project(states, table, bias); // [n, v]
  return {
    inputs: [...inputList(inputs), places, inverse],
    outputs:
      pooled === undefined ? { logits } : { logits, sentence_logits: sentenceHead(root, pooled, config) },
    parameters: root.parameters,
  };
}

function maskedInputs(config: BertConfig): MaskedInputs {
  return {
    places: input("places", "int32", ["p", "b"]),
    inverse: input("inverse", "int32", ["b*t"]),
    labels: input("labels", "int32", ["p", "b"]),
    weights: input("weights", "float32", ["p", "b"]),
    labelWeights: input("label_weights", "float32", [config.vocabSize]),
  };
}

/** The last layer's states of the rows [n, h], and the pooled first token where an objective reads it. */
function trace(
  root: Scope,
  inputs: BertInputs,
  { places, inverse }: Pick<MaskedInputs, "places" | "inverse">,
  config: BertConfig,
  objective: SentenceObjective,
): { readonly rows: Tensor; readonly pooled: Tensor | undefined } {
  const [p, b] = places.shape;
  const pick = (x: Tensor): Tensor => {
    const flat = reshape(x, [product(x.shape.slice(0, 2)), config.hiddenSize]); // [t*b, h]
    const picked = pickRows(flat, reshape(places, [product([p, b])]), inverse); // [p*b, h]
    return reshape(picked, [p, b, config.hiddenSize]);
  };
  const hidden = bertEncoder(root.at("bert"), inputs, config, pick); // [p, b, h]
  return {
    rows: reshape(hidden, [product([p, b]), config.hiddenSize]),
    pooled: objective === "none" ? undefined : bertPooler(root.at("bert"), hidden, config),
  };
}

/** The transformed states [n, h] and the tied decoder. */
function wordHead(
  root: Scope,
  rows: Tensor,
  config: BertConfig,
): { readonly states: Tensor; readonly table: Tensor; readonly bias: Tensor } {
  const predictions = root.at("cls").at("predictions");
  const transform = predictions.at("transform");
  const dense = linear(transform.at("dense"), rows, { outFeatures: config.hiddenSize, ...start(config) });
  const states = layerNorm(transform.at("LayerNorm"), activate(config.hiddenAct, dense), {
    eps: config.layerNormEps,
  });
  const table = embeddingTable(root.at("bert").at("embeddings").at("word_embeddings"), {
    numEmbeddings: config.vocabSize,
    embeddingDim: config.hiddenSize,
    init: start(config).init,
  });
  const bias = predictions.parameter("bias", [config.vocabSize], { init: { kind: "zeros" }, decay: false });
  return { states, table, bias };
}

function wordLoss(root: Scope, rows: Tensor, masked: MaskedInputs, config: BertConfig): Tensor {
  const { states, table, bias } = wordHead(root, rows, config);
  const [n] = states.shape;
  const weights = reshape(masked.weights, [n, 1]);
  const normalizer = logSumExp(project(states, table, bias)); // [n, 1]
  const words = gatherRows(table, reshape(masked.labels, [n])); // [n, h]
  const hit = sum(mul(states, words), [1]); // [n, 1]
  const total = sum(mul(weights, sub(normalizer, hit)), [0]); // [1, 1]
  const biases = sum(mul(masked.labelWeights, bias), [0]); // [1]
  return sub(reshape(total, [1]), biases);
}

/** [b, 2]: 0 where the second text follows (in order), 1 where it does not, as published. */
function sentenceHead(root: Scope, pooled: Tensor, config: BertConfig): Tensor {
  return linear(root.at("cls").at("seq_relationship"), pooled, { outFeatures: 2, ...start(config) });
}
