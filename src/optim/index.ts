/** Optimizers, schedules and clipping over memory that the WASM kernels and the runtime share. */
export { AdamW, adamwDefaults } from "./adamw.ts";
export type { AdamWOptions, AdamWState, ParameterSlot, StepOptions } from "./adamw.ts";
export { Arena, arenaBytes } from "./arena.ts";
export type { ArenaTensor } from "./arena.ts";
export { clipCoefficient, gradientNorm, nonFiniteGradients } from "./clip.ts";
export { createKernels } from "./kernels.ts";
export type { Kernels } from "./kernels.ts";
export { constant, linearWarmup } from "./schedule.ts";
export type { Schedule } from "./schedule.ts";
