/**
 * AdamW with bias correction, over parameters that live in an arena.
 *
 * Source: Loshchilov and Hutter, "Decoupled Weight Decay Regularization" (ICLR 2019), algorithm 2, as in PyTorch's
 * torch.optim.AdamW; the arithmetic is the kernel in `assembly/adamw.ts`. Unlike the optimizer of Google's BERT it
 * corrects the bias of the moments, without which small batches diverge (Mosbach et al., ICLR 2021).
 *
 * Does not schedule the learning rate (`schedule.ts`), clip (`clip.ts`) or zero gradients.
 */
import { AttuneError, internal } from "../base/errors.ts";
import type { Arena, ArenaTensor } from "./arena.ts";
import type { Kernels } from "./kernels.ts";

/** One parameter: its values, the gradient that backward writes, and whether weight decay applies to it. */
export interface ParameterSlot {
  readonly name: string;
  readonly values: ArenaTensor;
  readonly gradient: ArenaTensor;
  readonly decay: boolean;
}

export interface AdamWOptions {
  /** Decay rates of the two moments, each in [0, 1). Default [0.9, 0.999]. */
  readonly betas?: readonly [number, number];
  /** Added to the denominator, above 0. Default 1e-6, as BERT was trained (PyTorch's own default is 1e-8). */
  readonly eps?: number;
  /** Share of lr by which each step shrinks the slots with `decay`. At least 0, default 0.01. */
  readonly weightDecay?: number;
}

export interface StepOptions {
  /** Learning rate of this step, at least 0. */
  readonly lr: number;
  /** Every gradient is multiplied by this, at least 0: clip coefficient / accumulated batches. Default 1. */
  readonly gradScale?: number;
}

/** What a checkpoint keeps: the steps done and both moments of each parameter, in slot order. */
export interface AdamWState {
  readonly stepCount: number;
  readonly moments: readonly { readonly name: string; readonly m: Float32Array; readonly v: Float32Array }[];
}

/** What absent options stand for. */
export const adamwDefaults = { betas: [0.9, 0.999], eps: 1e-6, weightDecay: 0.01 } as const;

interface Entry {
  readonly slot: ParameterSlot;
  readonly m: ArenaTensor;
  readonly v: ArenaTensor;
}

/**
 * The optimizer. Its two moments take as much of the arena again as the parameters do, twice.
 *
 * @example
 * const length = 10;
 * const arena = new Arena(arenaBytes([length, length, length, length])); // values, gradient, m, v
 * const slot = { name: "w", values: arena.float32(length), gradient: arena.float32(length), decay: true };
 * const optimizer = new AdamW(await createKernels(arena.memory), arena, [slot], { weightDecay: 0.01 });
 * slot.gradient.array.fill(0.5);
 * optimizer.step({ lr: 1e-3 }); // slot.values.array: -0.001 everywhere
 */
export class AdamW {
  readonly #kernels: Kernels;
  readonly #entries: readonly Entry[];
  readonly #betas: readonly [number, number];
  readonly #eps: number;
  readonly #weightDecay: number;
  #stepCount = 0;

  /** `kernels` and all slots must be of `arena`. Throws ERR_OPTIMIZER_OPTION for options out of range. */
  constructor(kernels: Kernels, arena: Arena, slots: readonly ParameterSlot[], options: AdamWOptions = {}) {
    const {
      betas = adamwDefaults.betas,
      eps = adamwDefaults.eps,
      weightDecay = adamwDefaults.weightDecay,
    } = options;
    for (const beta of betas) checkOption("betas", beta, beta >= 0 && beta < 1, "in [0, 1)");
    checkOption("eps", eps, eps > 0 && eps < Infinity, "above 0");
    checkOption("weightDecay", weightDecay, weightDecay >= 0 && weightDecay < Infinity, "at least 0");
    if (kernels.memory !== arena.memory) throw internal("optimizer kernels are bound to another memory");
    for (const { name, values, gradient } of slots) {
      const here = [values, gradient].every(({ array }) => array.buffer === arena.memory.buffer);
      if (!here) throw internal(`parameter ${name} is not in the optimizer's arena`);
      if (values.length !== gradient.length) {
        throw internal(`parameter ${name} and its gradient differ in length`);
      }
    }
    this.#kernels = kernels;
    this.#betas = betas;
    this.#eps = eps;
    this.#weightDecay = weightDecay;
    this.#entries = slots.map((slot) => ({
      slot,
      m: arena.float32(slot.values.length),
      v: arena.float32(slot.values.length),
    }));
  }

  /** Steps done so far; those before a `load` included. */
  get stepCount(): number {
    return this.#stepCount;
  }

  /**
   * One update of every parameter from its gradient, in place. Gradients are only read.
   *
   * Throws ERR_OPTIMIZER_OPTION when `lr` or `gradScale` is negative or not finite. Does not look at the gradients:
   * a NaN there becomes a NaN weight, so check `gradientNorm` first.
   */
  step({ lr, gradScale = 1 }: StepOptions): void {
    checkOption("lr", lr, lr >= 0 && lr < Infinity, "finite and at least 0");
    checkOption("gradScale", gradScale, gradScale >= 0 && gradScale < Infinity, "finite and at least 0");
    this.#stepCount += 1;
    const [beta1, beta2] = this.#betas;
    const biasCorrection1 = 1 - beta1 ** this.#stepCount;
    const biasCorrection2 = 1 - beta2 ** this.#stepCount;
    for (const { slot, m, v } of this.#entries) {
      this.#kernels.adamw(
        slot.values.byteOffset,
        slot.gradient.byteOffset,
        m.byteOffset,
        v.byteOffset,
        slot.values.length,
        lr,
        beta1,
        beta2,
        this.#eps,
        slot.decay ? this.#weightDecay : 0,
        biasCorrection1,
        biasCorrection2,
        gradScale,
      );
    }
  }

  /** The state as views of the live moments: write them out, or copy them, before the next step. */
  state(): AdamWState {
    return {
      stepCount: this.#stepCount,
      moments: this.#entries.map(({ slot, m, v }) => ({ name: slot.name, m: m.array, v: v.array })),
    };
  }

  /**
   * Continues from `state`, whose moments are copied; their order does not matter.
   *
   * Throws ERR_OPTIMIZER_STATE, with nothing changed, when parameters or their lengths differ from this optimizer's.
   */
  load(state: AdamWState): void {
    const byName = new Map(state.moments.map((moments) => [moments.name, moments]));
    const copies = this.#entries.map((entry) => {
      const { name, values } = entry.slot;
      const moments = byName.get(name);
      if (moments === undefined) throw stateError(`no moments of ${name}`);
      for (const { length } of [moments.m, moments.v]) {
        if (length !== values.length) {
          throw stateError(`${length} moments of ${name}, which has ${values.length} values`);
        }
      }
      byName.delete(name);
      return { entry, moments };
    });
    const [unknown] = byName.keys();
    if (unknown !== undefined) throw stateError(`moments of ${unknown}, which is not trained here`);
    if (!Number.isSafeInteger(state.stepCount) || state.stepCount < 0) {
      throw stateError(`step ${state.stepCount}`);
    }
    for (const { entry, moments } of copies) {
      entry.m.array.set(moments.m);
      entry.v.array.set(moments.v);
    }
    this.#stepCount = state.stepCount;
  }
}

function checkOption(name: string, value: number, holds: boolean, range: string): void {
  if (holds) return;
  throw new AttuneError("ERR_OPTIMIZER_OPTION", {
    rule: `${name} must be ${range}`,
    found: `found ${value}`,
    next: `correct ${name}`,
  });
}

function stateError(found: string): AttuneError {
  return new AttuneError("ERR_OPTIMIZER_STATE", {
    rule: "an optimizer continues only from the state of the same parameters",
    found: `the state holds ${found}`,
    next: "resume with the model that wrote it, or start a new run",
  });
}
