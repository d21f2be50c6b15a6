/**
 * BERT by Google's names.
 *
 * Sizes: base from Devlin et al. (NAACL 2019); tiny, mini, small and medium from Turc et al., "Well-Read Students
 * Learn Better: On the Importance of Pre-training Compact Models" (2019), table 1. The feed-forward layer has four
 * times the hidden size and a head 64 dimensions in all of them.
 *
 * Gives numbers only: no weights come with a name.
 */
import { AttuneError, nearest } from "../../base/errors.ts";
import {
  bertDefaults,
  checkBertConfig,
  checkSequenceClassificationConfig,
  type BertConfig,
  type ClassificationHead,
  type SequenceClassificationConfig,
} from "./config.ts";

const sizes = {
  tiny: { numHiddenLayers: 2, hiddenSize: 128, numAttentionHeads: 2 },
  mini: { numHiddenLayers: 4, hiddenSize: 256, numAttentionHeads: 4 },
  small: { numHiddenLayers: 4, hiddenSize: 512, numAttentionHeads: 8 },
  medium: { numHiddenLayers: 8, hiddenSize: 512, numAttentionHeads: 8 },
  base: { numHiddenLayers: 12, hiddenSize: 768, numAttentionHeads: 12 },
} as const;

export type PresetName = keyof typeof sizes;

/** What a preset leaves open, and any number of it that is to be another. */
export interface PresetOptions extends Partial<BertConfig>, ClassificationHead {
  readonly vocabSize: number;
}

export const presetNames: readonly string[] = Object.keys(sizes);

export function isPresetName(name: string): name is PresetName {
  return Object.hasOwn(sizes, name);
}

/**
 * A preset's configuration; `intermediateSize` is four times `hiddenSize` unless given.
 *
 * @throws AttuneError ERR_PRESET for an unknown name, ERR_CONFIG or ERR_CONFIG_LABELS for numbers that do not fit
 * @example
 * const config = bertPreset("tiny", {
 *   vocabSize: 8000,
 *   labels: ["ham", "spam"],
 *   problemType: "single_label_classification",
 * });
 */
export function bertPreset(name: string, options: PresetOptions): SequenceClassificationConfig {
  const { labels, problemType, ...encoder } = options;
  return checkSequenceClassificationConfig(
    { ...bertEncoderPreset(name, encoder), labels, problemType },
    `preset ${name}`,
  );
}

/** The same without a classifier, for pre-training. @throws AttuneError ERR_PRESET, ERR_CONFIG */
export function bertEncoderPreset(
  name: string,
  options: Partial<BertConfig> & { readonly vocabSize: number },
): BertConfig {
  if (!isPresetName(name)) {
    const hint = nearest(name, presetNames);
    throw new AttuneError("ERR_PRESET", {
      rule: `a model preset must be one of ${presetNames.join(", ")}`,
      found: `found "${name}"`,
      next: hint === undefined ? "use one of these names" : `did you mean "${hint}"?`,
    });
  }
  const hiddenSize = options.hiddenSize ?? sizes[name].hiddenSize;
  const config = { ...bertDefaults, ...sizes[name], intermediateSize: 4 * hiddenSize, ...options };
  return checkBertConfig(config, `preset ${name}`);
}
