/**
 * Where a model is that the user named: a folder, or a model of the hub in the cache. For a run that is resumed, the
 * commit that it began with, whatever its branch is by now.
 */
import { resolve } from "node:path";
import { z } from "zod";
import type { HubOrigin, ModelPlace, ResolveOptions } from "../hub/index.ts";
import { resolveModel } from "../hub/index.ts";
import { isPresetName } from "../models/bert/presets.ts";
import { isBuiltIn, modelPath } from "../models/checkpoint/index.ts";
import { RunFolder } from "./checkpoint.ts";
import { emitting } from "./emitting.ts";
import type { TrainEvent } from "./events.ts";
import { originOf } from "./manifest.ts";
import { reservedNames } from "./option-checks.ts";
import type { ResolvedTrainOptions } from "./options.ts";
import { warning } from "./prepare.ts";

/**
 * Finds a model's folder; a hub id is downloaded where the cache lacks it.
 *
 * @throws as `resolveModel`
 * @example
 * const { folder } = await locateModel("google-bert/bert-base-chinese");
 */
export async function locateModel(
  name: string,
  options: Omit<ResolveOptions, "presets"> = {},
): Promise<ModelPlace> {
  if (isBuiltIn(name)) return { folder: modelPath(name) };
  return resolveModel(name, { ...options, presets: reservedNames });
}

/** For people: where a model of the hub came from. The same for a resumed run, which asks for the commit itself. */
export function originText({ id, commit }: HubOrigin): string {
  return `${id} (commit ${short(commit)})`;
}

/** What people call a model: its id and commit, or the name that they gave. */
export function shownName(model: string, { hub }: ModelPlace): string {
  return hub === undefined ? model : originText(hub);
}

/** What to say where the hub could not be asked and the cache's copy is used; undefined where it was asked. */
export function unaskedText({ id, commit, unasked }: HubOrigin): string | undefined {
  return unasked === undefined
    ? undefined
    : `the hub could not be asked whether ${id} has changed (${unasked}); the cache's copy is used, commit ${short(commit)}`;
}

/** What is told while a model is found. */
export type PlaceEvent = Extract<TrainEvent, { readonly event: "download" | "warning" }>;

/** Where the options' model is; undefined for a preset. */
export async function* placeOfModel(
  { model, out }: Pick<ResolvedTrainOptions, "model" | "out">,
  { resume, signal }: { readonly resume: boolean; readonly signal: AbortSignal | undefined },
): AsyncGenerator<PlaceEvent, ModelPlace | undefined> {
  if (isPresetName(model)) return undefined;
  const begun = resume
    ? originOf(await new RunFolder(resolve(out), z.object({ step: z.int() })).manifest(), model)
    : undefined;
  const name = begun === undefined ? model : `hf://${begun.id}@${begun.commit}`;
  const place = yield* emitting<PlaceEvent, ModelPlace>((emit, left) =>
    locateModel(name, {
      signal: signal === undefined ? left : AbortSignal.any([signal, left]),
      onProgress: (progress) => emit({ event: "download", ...progress }),
    }),
  );
  const unasked = place.hub === undefined ? undefined : unaskedText(place.hub);
  if (unasked !== undefined) yield warning("WARN_HUB_UNASKED", unasked);
  return place;
}

function short(commit: string): string {
  return commit.slice(0, 8);
}
