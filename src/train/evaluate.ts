/**
 * Scores a tokenized set: batches through the model, logits to probabilities, probabilities to a report.
 *
 * Takes any function from a batch to logits, so that training (live weights) and prediction (a worker) share it.
 */
import type { CollatedBatch, EncodedLabels, LabelSchema } from "../data/index.ts";
import { collate, inferenceBatches } from "../data/index.ts";
import { evaluateMultiLabel, evaluateSingleLabel, sigmoid, softmaxRows } from "../eval/index.ts";
import type { Encoding } from "../text/index.ts";
import type { Report } from "./events.ts";

/** Logits [b, c] of a batch. */
export type LogitsOf = (batch: CollatedBatch) => Promise<Float32Array>;

export interface InferenceOptions {
  readonly labelCount: number;
  readonly padId: number;
  /** Most padded tokens of a batch. */
  readonly batchTokens: number;
  /** Called after each batch with the number of texts done so far. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Logits [n, c] of all encodings, in their order; batches are grouped by length inside. */
export async function allLogits(
  encodings: readonly Encoding[],
  logitsOf: LogitsOf,
  options: InferenceOptions,
): Promise<Float32Array> {
  const { labelCount, padId, batchTokens, onProgress } = options;
  const out = new Float32Array(encodings.length * labelCount); // [n, c]
  const lengths = encodings.map(({ ids }) => ids.length);
  let done = 0;
  for (const indices of inferenceBatches({ lengths, batchSize: 256, batchTokens })) {
    const logits = await logitsOf(
      collate(
        indices.map((i) => encodings[i]),
        { padId },
      ),
    );
    indices.forEach((index, row) => {
      out.set(logits.subarray(row * labelCount, (row + 1) * labelCount), index * labelCount);
    });
    done += indices.length;
    onProgress?.(done, encodings.length);
  }
  return out;
}

/** Probabilities [n, c] by the schema's kind: softmax over labels, or a sigmoid each. */
export function probabilities(logits: Float32Array, schema: LabelSchema): Float64Array {
  return schema.kind === "single" ? softmaxRows(logits, schema.names.length) : sigmoid(logits);
}

/** The report of predicted probabilities against the true labels. */
export function report(labels: EncodedLabels, probs: Float64Array, schema: LabelSchema): Report {
  const labelNames = [...schema.names];
  return labels.kind === "single"
    ? evaluateSingleLabel({ labelNames, truth: labels.ids, probabilities: probs })
    : evaluateMultiLabel({ labelNames, truth: labels.flags, probabilities: probs });
}
