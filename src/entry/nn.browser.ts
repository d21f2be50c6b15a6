/** `attune/nn` in a browser: as in Node, but `evaluate` computes with the WASM build of `onnxruntime-web`. */
import { evaluateWith } from "../engine/index.ts";
import { loadBrowserBackend } from "../runtime/browser-backend.ts";

export * from "./nn-common.ts";
export { loadBrowserBackend as loadBackend };

/** The value of a tensor, or of several by name. */
export const evaluate = evaluateWith(loadBrowserBackend);
