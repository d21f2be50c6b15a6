/**
 * Google's names of BERT's variables, and Hugging Face's.
 *
 * Source: modeling.py, run_pretraining.py and run_classifier.py of google-research/bert give the variables their names;
 * transformers' `load_tf_weights_in_bert` (modeling_bert.py) says which parameter each is, and that kernels are
 * transposed: TensorFlow multiplies by them from the right.
 *
 *     bert/encoder/layer_0/attention/self/query/kernel   bert.encoder.layer.0.attention.self.query.weight, transposed
 *     bert/embeddings/word_embeddings                    bert.embeddings.word_embeddings.weight
 *     bert/embeddings/LayerNorm/gamma                    bert.embeddings.LayerNorm.weight
 *     cls/predictions/output_bias                        cls.predictions.bias
 *     cls/seq_relationship/output_weights                cls.seq_relationship.weight
 *     output_weights, output_bias                        classifier.weight, classifier.bias
 */

export interface TensorFlowName {
  /** The parameter's name. */
  readonly name: string;
  readonly transposed: boolean;
}

const lastParts: ReadonlyMap<string, string> = new Map([
  ["kernel", "weight"],
  ["gamma", "weight"],
  ["beta", "bias"],
  ["output_weights", "weight"],
  ["output_bias", "bias"],
]);

/** The parameter that a variable is; any other name is kept, with dots. */
export function parameterOf(variable: string): TensorFlowName {
  const parts = variable.replace(/^output_(weights|bias)$/, "classifier/output_$1").split("/");
  const last = parts.at(-1) ?? "";
  const path = parts.slice(0, -1).map((part) => part.replace(/^layer_(\d+)$/, "layer.$1"));
  const end = last.endsWith("_embeddings") ? [last, "weight"] : [lastParts.get(last) ?? last];
  return { name: [...path, ...end].join("."), transposed: last === "kernel" };
}

/** Why a variable is no parameter, or undefined where it may be one. */
export function whyIgnored(variable: string): string | undefined {
  if (/\/(adam|lamb)_[mv]$|\/Adam(_1)?$|\/Momentum$|\/LAMB(_1)?$|^beta[12]_power$/.test(variable))
    return "optimizer state";
  if (/^(global_step|good_steps|loss_scale|current_loss_scale)$/.test(variable))
    return "a counter of training";
  return undefined;
}
