/** Layers of the Transformer, written on symbolic tensors. */
export { multiHeadAttention, paddingBias } from "./attention.ts";
export { initialize } from "./initialize.ts";
export { dropout, embedding, layerNorm, linear } from "./layers.ts";
export { binaryCrossEntropy, crossEntropy } from "./losses.ts";
export type { DropoutSite, Initializer, ParameterSpec } from "./scope.ts";
export { Scope } from "./scope.ts";
