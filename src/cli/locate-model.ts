/** Finding the model that a command names: a folder at once, a hub id after a download that shows how far it is. */
import type { HubProgress, ModelPlace } from "../hub/index.ts";
import { unaskedText } from "../train/index.ts";
import type { Context } from "./context.ts";
import { fileSize } from "./format.ts";
import { listenForInterrupt } from "./interrupt.ts";
import { writeNote } from "./notes.ts";
import { Progress, type ProgressState } from "./progress.ts";

/** Questions that are answered sooner show no bar. */
const BAR_AFTER_MS = 500;

/**
 * Where the model is. Ctrl-C while it is downloaded keeps what has arrived.
 *
 * @throws what `resolveModel` throws
 */
export async function locateModel(
  { terminal, locateModel: locate }: Pick<Context, "terminal" | "locateModel">,
  name: string,
): Promise<ModelPlace> {
  const progress = new Progress(terminal, { delayMs: BAR_AFTER_MS });
  const interrupt = listenForInterrupt(terminal, {
    first: () => progress.update({ label: "stopping" }),
    second: () => progress.close(),
  });
  try {
    const onProgress = (state: HubProgress) => progress.update(downloadState(state));
    const place = await locate(name, { signal: interrupt.signal, onProgress });
    const unasked = place.hub === undefined ? undefined : unaskedText(place.hub);
    if (unasked !== undefined) progress.above(() => writeNote(terminal, unasked));
    return place;
  } finally {
    progress.close();
    interrupt.release();
  }
}

/** A download as the bar shows it. */
export function downloadState(state: HubProgress): ProgressState {
  const { id, phase, file, why, bytes, total, bytesPerSecond, remainingMs } = state;
  if (phase === "asking") return { label: `asking the hub for ${id}` };
  if (phase === "waiting") return { label: `waiting: ${why ?? "the hub"}` };
  const sum = total === undefined ? fileSize(bytes) : `${fileSize(bytes)} of ${fileSize(total)}`;
  const pace = bytesPerSecond === 0 ? [] : [`${fileSize(bytesPerSecond)}/s`];
  const verb = phase === "checking" ? "checking" : "downloading";
  return {
    label: `${verb} ${id}`,
    details: [sum, ...pace, ...(file === undefined ? [] : [file])],
    done: bytes,
    ...(total === undefined ? {} : { total }),
    ...(remainingMs === undefined ? {} : { remainingMs }),
  };
}
