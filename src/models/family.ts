/**
 * What a family of models is: one architecture of BERT's descent, with its config.json, its graphs and its names.
 *
 * A family is written once, as a `FamilyDefinition` over its own configuration, and used through `Family`, which hides
 * that type: whoever trains, predicts, exports or inspects knows an `EncoderModel` or a `ClassifierModel` and never which
 * family it is. The registry stands in families.ts.
 *
 * Does not read files and holds no weights.
 */
import type { ParameterSpec } from "../nn/index.ts";
import { Scope } from "../nn/index.ts";
import type { Tensor } from "../tensor/index.ts";
import type { ModelInputs } from "./blocks/inputs.ts";
import { modelInputs } from "./blocks/inputs.ts";
import type {
  ClassificationLossOptions,
  ClassifierGraph,
  ClassifierOptions,
  TrainingGraph,
} from "./classifier.ts";
import { withLoss } from "./classifier.ts";
import type { ConfigFormat, EncoderConfig, ParsedConfig } from "./config-format.ts";
import { formatConfig, parseConfig, requireHead } from "./config-format.ts";
import type { ClassificationHead } from "./head-config.ts";

/** `model_type` of every family here. */
export type ModelType =
  | "bert"
  | "distilbert"
  | "roberta"
  | "xlm-roberta"
  | "albert"
  | "electra"
  | "ernie"
  | "modernbert";

/** How a family's checkpoints name their parts; entries are beginnings of tensor names. */
export interface CheckpointNames {
  /** The encoder's path in a classifier, which a bare encoder's checkpoint leaves out: "roberta". */
  readonly prefix: string;
  /** The encoder's layers: a checkpoint that has more of them than the configuration is another model's. */
  readonly layers: string;
  /** The classifier: absent from pre-trained checkpoints. */
  readonly classifier: readonly string[];
  /** Parts of the way to the classifier that pre-trained checkpoints may lack as well: the pooler. */
  readonly mayBeFresh: readonly string[];
  /** Heads of pre-training, and constants that older versions of transformers saved: they never count. */
  readonly ignored: readonly string[];
}

/** What a backbone gives. */
export interface EncoderOutputs {
  /** The last layer's hidden states: [t, b, h], or [1, b, h] when only the first token is wanted. */
  readonly hiddenStates: Tensor;
  /** The pooler's output [b, h], in families that have one. */
  readonly pooled?: Tensor;
}

export interface BackboneOptions {
  /**
   * "cls" computes the last layer for the first token alone: a classifier that reads nothing else gets the same result
   * and the same gradients, in 7 to 30% less time.
   */
  readonly lastLayer: "all" | "cls";
}

/** A family over its own configuration. */
export interface FamilyDefinition<C extends EncoderConfig> {
  /** For people: "DistilBERT". */
  readonly name: string;
  readonly modelType: ModelType;
  readonly format: ConfigFormat<C>;
  readonly checkpoint: CheckpointNames;
  /** Whether the graph is fed token types. */
  tokenTypes(config: C): boolean;
  /** Longest input in tokens, special ones included. */
  maxTokens(config: C): number;
  /** Sets every dropout probability. */
  withDropout(config: C, rate: number): C;
  /** The path of a layer whose steps are recorded under BERT's names; undefined where they are not. */
  layerScope?(layer: number): string;
  /** Which hidden states the head reads. */
  headReads(config: C): BackboneOptions["lastLayer"];
  /** The encoder under `scope`, the root's `checkpoint.prefix`. */
  backbone(scope: Scope, inputs: ModelInputs, config: C, options: BackboneOptions): EncoderOutputs;
  /** The head under the root: [b, labels]. */
  classify(root: Scope, outputs: EncoderOutputs, inputs: ModelInputs, config: C, labels: number): Tensor;
}

/** A family as others see it. */
export interface Family {
  readonly name: string;
  readonly modelType: ModelType;
  /**
   * Reads the content of a config.json.
   *
   * @param source the file's path, for messages
   * @throws AttuneError ERR_CONFIG or ERR_CONFIG_LABELS naming the key and the value found
   */
  parse(json: unknown, source: string): ParsedConfig<EncoderModel>;
}

/** A model of some family without a classifier, numbers only. */
export interface EncoderModel {
  readonly family: Pick<Family, "name" | "modelType">;
  /** The family's configuration; keys that other families lack may stand in it too. */
  readonly config: EncoderConfig;
  readonly checkpoint: CheckpointNames;
  readonly takesTokenTypes: boolean;
  /** Longest input in tokens, special ones included. */
  readonly maxTokens: number;
  /** The path of a layer whose steps are recorded under BERT's names; undefined where they are not. */
  layerScope(layer: number): string | undefined;
  /** The same with every dropout probability set to `rate`. */
  withDropout(rate: number): EncoderModel;
  withHead(head: ClassificationHead): ClassifierModel;
  traceEncoder(options: ClassifierOptions): EncoderGraph;
}

/** A classifier of some family, numbers only: how to build its graphs. */
export interface ClassifierModel {
  readonly family: EncoderModel["family"];
  /** The class of transformers that loads it. */
  readonly architecture: string;
  readonly encoder: EncoderModel;
  /** The numbers of the encoder and the head in one. */
  readonly config: EncoderConfig & ClassificationHead;
  readonly checkpoint: CheckpointNames;
  readonly takesTokenTypes: boolean;
  readonly maxTokens: number;
  trace(options: ClassifierOptions): ClassifierGraph;
  /** Traces the classifier in training mode together with the loss of its problem type. */
  traceLoss(options?: ClassificationLossOptions): TrainingGraph;
  /** The config.json that transformers and transformers.js read, keys in a fixed order. */
  toHuggingFaceConfig(): Record<string, unknown>;
}

/** A traced encoder: what a bare checkpoint computes. */
export interface EncoderGraph {
  readonly inputs: ModelInputs;
  /** [t, b, h] */
  readonly hiddenStates: Tensor;
  /** [b, h], in families that have a pooler; its parameters begin with one of `checkpoint.mayBeFresh`. */
  readonly pooled?: Tensor;
  readonly parameters: readonly ParameterSpec[];
}

/** The family of a definition. */
export function defineFamily<C extends EncoderConfig>(definition: FamilyDefinition<C>): Family {
  const { name, modelType, format } = definition;
  return {
    name,
    modelType,
    parse(json, source) {
      const parsed = parseConfig(format, json, source);
      return { ...parsed, encoder: encoderModel(definition, parsed.encoder) };
    },
  };
}

/** A model of a family from its numbers, which are not checked. */
export function encoderModel<C extends EncoderConfig>(
  definition: FamilyDefinition<C>,
  config: C,
): EncoderModel {
  const { checkpoint } = definition;
  const takesTokenTypes = definition.tokenTypes(config);
  return {
    family: definition,
    config,
    checkpoint,
    takesTokenTypes,
    maxTokens: definition.maxTokens(config),
    layerScope: (layer) => definition.layerScope?.(layer),
    withDropout: (rate) => encoderModel(definition, definition.withDropout(config, rate)),
    withHead: (head) => classifierModel(definition, config, head),
    traceEncoder({ idType, steps }) {
      const root = Scope.root({ training: false });
      const inputs = modelInputs(idType, takesTokenTypes);
      const scope = steps === undefined ? root : root.recordingInto(steps);
      const outputs = definition.backbone(scope.at(checkpoint.prefix), inputs, config, { lastLayer: "all" });
      return { ...outputs, inputs, parameters: root.parameters };
    },
  };
}

/** A classifier of a family from its numbers, which are not checked. */
export function classifierModel<C extends EncoderConfig>(
  definition: FamilyDefinition<C>,
  config: C,
  head: ClassificationHead,
): ClassifierModel {
  const encoder = encoderModel(definition, config);
  const { family, checkpoint, takesTokenTypes, maxTokens } = encoder;
  const trace = (
    root: Scope,
    idType: ClassifierOptions["idType"],
    lastLayer: BackboneOptions["lastLayer"],
  ) => {
    const inputs = modelInputs(idType, takesTokenTypes);
    const outputs = definition.backbone(root.at(checkpoint.prefix), inputs, config, { lastLayer });
    const logits = definition.classify(root, outputs, inputs, config, head.labels.length);
    return { inputs, logits, parameters: root.parameters, dropouts: root.dropouts };
  };
  return {
    family,
    architecture: definition.format.architecture,
    encoder,
    config: { ...config, ...head },
    checkpoint,
    takesTokenTypes,
    maxTokens,
    trace({ idType, steps }) {
      const root = Scope.root({ training: false });
      return steps === undefined
        ? trace(root, idType, definition.headReads(config))
        : trace(root.recordingInto(steps), idType, "all");
    },
    traceLoss(options) {
      const root = Scope.root({ training: true });
      return withLoss(trace(root, "int32", definition.headReads(config)), head, options);
    },
    toHuggingFaceConfig: () => formatConfig(definition.format, config, head),
  };
}

/**
 * The classifier that a config.json describes.
 *
 * @throws AttuneError as `Family.parse`, and ERR_CONFIG_NO_HEAD where the file describes another kind of model
 */
export function requireClassifier(parsed: ParsedConfig<EncoderModel>, source: string): ClassifierModel {
  return parsed.encoder.withHead(requireHead(parsed, source));
}
