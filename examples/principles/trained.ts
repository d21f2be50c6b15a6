/** What the examples that train share: where a run ended, and a model with the weights it ended with. */
import assert from "node:assert/strict";
import type { FitStep, State } from "attune/nn";
import { Scope } from "attune/nn";

/** The loss of the last batch and the weights behind it. */
export async function lastOf(run: AsyncIterable<FitStep>): Promise<{ loss: number; state: State }> {
  let last: { loss: number; state: State } | undefined;
  for await (const { step, steps, loss, state } of run) {
    if (step === steps) last = { loss, state: state() };
  }
  assert(last !== undefined, "a run has steps");
  return last;
}

/** The root of a model whose parameters have the values of `state`. */
export function scopeOf(state: State): Scope {
  const values = (path: string) => {
    const value = state.get(path);
    assert(value !== undefined, path);
    return value;
  };
  return Scope.root({ training: false, values });
}
