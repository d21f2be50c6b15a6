/**
 * The optimizer's kernels: AssemblyScript, compiled to WASM SIMD by `scripts/build-kernels.js`.
 *
 * They work on byte offsets into the imported memory, allocate nothing and hold no state.
 */
export { adamw } from "./adamw";
export { add, lerp, scatterAddRows, sumOfSquares } from "./arrays";
export { dropoutMask } from "./dropout";
