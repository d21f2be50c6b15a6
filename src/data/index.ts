/** Data in and out of files: readers, examples, labels, splits and batches. */
export { type BatchBudget, inferenceBatches, type TrainingOrder, trainingBatches } from "./batches.ts";
export { type CollatedBatch, collate, type Tokens } from "./collate.ts";
export type { ColumnOptions, Columns } from "./columns.ts";
export { findLeaks, type Leak } from "./duplicates.ts";
export { openText } from "./decode.ts";
export { type Example, type ExampleSet, type LoadOptions, loadExamples } from "./examples.ts";
export { hashSource } from "./hash.ts";
export {
  buildLabelSchema,
  type EncodedLabels,
  encodeLabels,
  type LabelSchema,
  looksMultiLabel,
  type SchemaOptions,
} from "./labels.ts";
export { lineBatches } from "./lines.ts";
export { compareNatural } from "./natural-order.ts";
export { readColumns, readRows } from "./read.ts";
export type { BadRow, ReadOptions, Row } from "./rows.ts";
export { findTextFile, readBytes, readFailure } from "./source.ts";
export { type SplitOptions, splitExamples } from "./split.ts";
