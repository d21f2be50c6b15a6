/** Model folders and weight files: read, write, and match with a model's parameters. Needs a file system. */
export { BUILT_IN_MODEL, builtInModels, isBuiltIn, modelPath } from "./builtin.ts";
export {
  createFolderAtomic,
  currentFile,
  type FileContent,
  writeFileAtomic,
  writeFolderAtomic,
} from "./atomic-write.ts";
export { type ModelFolder, readModelFolder } from "./folder.ts";
export {
  assertLoadable,
  type ExpectedTensor,
  type Match,
  hasHead,
  matchParameters,
  type Mismatch,
  type StoredTensors,
  withoutHead,
} from "./match.ts";
export {
  describeNotFinite,
  findNotFinite,
  type NotFinite,
  readParameter,
} from "./read-parameter.ts";
export { maskedLmConfig } from "./masked-lm-config.ts";
export { isFloat } from "./safetensors-dtype.ts";
export {
  encodeSafetensors,
  type NamedTensor,
  openSafetensors,
  SafetensorsFile,
  writeSafetensors,
} from "./safetensors.ts";
export type { SafetensorsDtype, StoredArray } from "./safetensors-dtype.ts";
export type { TensorInfo } from "./safetensors-header.ts";
export type { IgnoredEntry, StoredTensor, StoredWeights, WeightFormat } from "./stored-weights.ts";
export { type ModelFolderContent, type TokenizerContent, writeModelFolder } from "./write-folder.ts";
