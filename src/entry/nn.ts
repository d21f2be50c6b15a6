/**
 * `attune/nn` in Node: the Transformer's layers on symbolic tensors, and `evaluate` to see their numbers.
 *
 * @example
 * import { evaluate, randn, TransformerEncoderLayer } from "attune/nn";
 * const encoderLayer = new TransformerEncoderLayer({ dModel: 512, nHead: 8 });
 * const output = await evaluate(encoderLayer(randn([10, 512], { seed: 0 }))); // [10, 512]
 */
import { evaluateWith } from "../engine/index.ts";
import { loadBackend } from "../runtime/index.ts";

export * from "./nn-common.ts";
export { loadBackend };

/**
 * The value of a tensor, or of several by name; computed on this thread, by the native runtime where it is
 * installed.
 */
export const evaluate = evaluateWith(loadBackend);
