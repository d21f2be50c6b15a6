/**
 * What comes before the first step of a run, and may take long: reading a corpus three times. Can be stopped after each
 * event; then, and where it fails, a new run leaves nothing behind, and one that resumes what was there.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { RunFolder } from "../train/index.ts";
import type { PretrainEvent } from "./events.ts";
import type { PretrainState } from "./state.ts";

/** Thrown into the work, or by it, to make it clean up. */
export class Stopped extends Error {}

/**
 * The events of `work`, and what it returns; undefined where it was stopped.
 *
 * @param control.resume whether the run stood in the folder before
 */
export async function* beforeFirstStep<T>(
  work: AsyncGenerator<PretrainEvent, T>,
  folder: RunFolder<PretrainState>,
  control: { readonly resume: boolean; readonly shouldStop: () => boolean },
): AsyncGenerator<PretrainEvent, T | undefined> {
  try {
    if (!control.resume) await folder.prepare();
    for (let result = await work.next(); ; result = await work.next()) {
      if (result.done === true) return result.value;
      yield result.value;
      await nextTurn(); // a worker hears that it is to stop between two turns
      if (control.shouldStop()) await work.throw(new Stopped());
    }
  } catch (error) {
    if (!control.resume) await folder.discard();
    if (error instanceof Stopped) return undefined;
    throw error;
  }
}
