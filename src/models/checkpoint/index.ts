/** Model folders and weight files: read, write, and match with a model's parameters. Needs a file system. */
export { currentFile, type FileContent, writeFileAtomic, writeFolderAtomic } from "./atomic-write.ts";
export { writeError } from "./file-errors.ts";
export { type ModelFolder, readModelFolder } from "./folder.ts";
export {
  assertLoadable,
  type ExpectedTensor,
  type Match,
  matchParameters,
  type Mismatch,
  type StoredTensors,
} from "./match.ts";
export {
  encodeSafetensors,
  type NamedTensor,
  openSafetensors,
  SafetensorsFile,
  writeSafetensors,
} from "./safetensors.ts";
export type { SafetensorsDtype, StoredArray } from "./safetensors-dtype.ts";
export type { TensorInfo } from "./safetensors-header.ts";
export { type ModelFolderContent, writeModelFolder } from "./write-folder.ts";
