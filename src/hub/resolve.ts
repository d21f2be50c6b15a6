/**
 * From what the user calls a model to a folder on this disk: a folder as it is, or a model on the hub, downloaded into
 * the cache that the Python tools share.
 *
 * Reads no model and knows no architecture: which files a model needs is in files.ts.
 */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { AttuneError, nearest } from "../base/errors.ts";
import { revisionInfo } from "./api.ts";
import { cachedIds, ModelCache } from "./cache.ts";
import { failureError, interruptedError, offlineError, type Subject } from "./errors.ts";
import type { Hub } from "./follow.ts";
import { knownIds } from "./known-ids.ts";
import { type HubName, parseHubName } from "./name.ts";
import { exists } from "./on-disk.ts";
import { type HubProgress, Meter } from "./progress.ts";
import type { Environment } from "./proxy.ts";
import { type HubOptions, type HubSettings, readSettings } from "./settings.ts";
import { type CachedSnapshot, cachedSnapshot, fetchSnapshot } from "./snapshot.ts";

export interface ResolveOptions extends HubOptions {
  /** Names that mean something else here (tiny, base): a model of such a name is never asked for on the hub. */
  readonly presets?: readonly string[];
  /** Aborting keeps what has arrived and rejects with ERR_INTERRUPTED. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: HubProgress) => void;
}

/** Where a model is. */
export interface ModelPlace {
  /** The folder; for a model of the hub, its snapshot in the cache: read it, do not write into it. */
  readonly folder: string;
  /** Absent where the name was a path. */
  readonly hub?: HubOrigin;
}

export interface HubOrigin {
  readonly id: string;
  /** Branch, tag or commit that was asked for. */
  readonly revision: string;
  /** The commit that it is: asking for this one gives the same files for ever. */
  readonly commit: string;
  /** Why the hub could not be asked, where the cache's copy was taken instead. */
  readonly unasked?: string;
}

/** What belongs to the world around; tests bring their own. */
export interface World {
  readonly env: Environment;
  readonly sleep: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
  readonly now: () => number;
  readonly ca?: string;
}

const RETRIES = 5;

/**
 * Finds a model's folder, downloading it where the name is a hub id and the cache lacks it.
 *
 * A file or folder of that name always wins; `./x` is only ever a path; names in `presets` are never looked up. A path
 * that does not exist comes back as it is, for the reader to refuse.
 *
 * @param name path, `owner/name`, `owner/name@revision`, or the same after `hf://`
 * @throws ERR_MODEL_UNKNOWN for a likely slip of the pen; ERR_HUB_ID, ERR_HUB_NOT_FOUND, ERR_HUB_REVISION,
 *   ERR_HUB_GATED, ERR_HUB_TOKEN, ERR_HUB_REFUSED, ERR_HUB_UNREACHABLE, ERR_HUB_UNAVAILABLE, ERR_HUB_BUSY,
 *   ERR_HUB_PROXY, ERR_HUB_CERTIFICATE, ERR_HUB_ENDPOINT, ERR_HUB_REDIRECT, ERR_HUB_ANSWER, ERR_HUB_NO_WEIGHTS,
 *   ERR_HUB_OFFLINE, ERR_HUB_CHECKSUM; ERR_DISK_FULL, ERR_NOT_WRITABLE; ERR_INTERRUPTED
 * @example
 * const { folder, hub } = await resolveModel("google-bert/bert-base-chinese");
 * // folder: "/home/ada/.cache/huggingface/hub/models--google-bert--bert-base-chinese/snapshots/8f23..."
 * // hub: { id: "google-bert/bert-base-chinese", revision: "main", commit: "8f23..." }
 */
export async function resolveModel(name: string, options: ResolveOptions = {}): Promise<ModelPlace> {
  return resolveIn(thisWorld(), name, options);
}

function thisWorld(): World {
  return {
    env: process.env,
    now: () => performance.now(),
    sleep: async (ms, signal) => wait(ms, undefined, { signal }),
  };
}

/** The same in a given world. */
export async function resolveIn(world: World, name: string, options: ResolveOptions): Promise<ModelPlace> {
  const { presets = [] } = options;
  if (await exists(name)) return { folder: name };
  const parsed = parseHubName(name);
  if (parsed === undefined) return { folder: name };
  refusePresetSlip(parsed, presets);
  await refusePathSlip(parsed);
  return resolveHub(world, parsed, options);
}

async function resolveHub(world: World, name: HubName, options: ResolveOptions): Promise<ModelPlace> {
  const { signal, presets = [] } = options;
  const settings = await readSettings(options, world.env);
  const { id } = name;
  const revision = name.revision ?? options.revision ?? "main";
  const cached = await cachedIds(settings.cacheDir);
  const subject: Subject = { id, revision, settings, known: [...presets, ...cached, ...knownIds] };
  const cache = new ModelCache(settings.cacheDir, id);
  const snapshot = await cachedSnapshot(cache, revision);
  const usable = snapshot?.missing.length === 0 ? snapshot : undefined;
  const place = (
    { commit, folder }: Pick<CachedSnapshot, "commit" | "folder">,
    unasked?: string,
  ): ModelPlace => ({
    folder,
    hub: { id, revision, commit, ...(unasked === undefined ? {} : { unasked }) },
  });
  if (settings.offline) {
    if (usable !== undefined) return place(usable);
    throw offlineError(subject, snapshot?.missing ?? [], cached);
  }
  // a commit never changes: there is nothing to ask
  if (usable?.settled === true && usable.commit === revision) return place(usable);
  const meter = new Meter(id, world.now, options.onProgress);
  const hub = hubOf(world, settings, meter, signal);
  try {
    meter.show("asking");
    // with a copy at hand nobody waits for a hub that does not answer
    const info = await revisionInfo(usable === undefined ? hub : { ...hub, retries: 0 }, subject);
    await fetchSnapshot(hub, subject, cache, meter, info);
    return place({ commit: info.commit, folder: cache.snapshot(info.commit) });
  } catch (error) {
    if (signal?.aborted) throw interruptedError(id);
    const told = failureError(error, subject);
    const unasked = usable === undefined ? undefined : passing(told);
    if (usable === undefined || unasked === undefined) throw told;
    return place(usable, unasked);
  }
}

/** Why the hub could not be asked, where that says nothing against what the cache has. */
function passing(error: unknown): string | undefined {
  const codes = ["ERR_HUB_UNREACHABLE", "ERR_HUB_UNAVAILABLE", "ERR_HUB_BUSY"];
  const { code = "", cause } = error instanceof AttuneError ? error : {};
  if (!codes.includes(code)) return undefined;
  return cause instanceof Error ? cause.message : code;
}

function hubOf(world: World, settings: HubSettings, meter: Meter, signal: AbortSignal | undefined): Hub {
  return {
    ...settings,
    env: world.env,
    ca: world.ca,
    signal,
    retries: RETRIES,
    now: world.now,
    sleep: async (ms) => world.sleep(ms, signal),
    onRetry: (why, waitMs) =>
      meter.show("waiting", undefined, `${why}; next try in ${Math.ceil(waitMs / 1000)} s`),
  };
}

/**
 * Refuses a name without an owner that was more likely meant for a preset; nothing is asked for it.
 *
 * @throws ERR_MODEL_UNKNOWN
 */
export function refusePresetSlip({ id, explicit }: HubName, presets: readonly string[]): void {
  if (explicit || id.includes("/")) return;
  if (presets.includes(id)) throw slip(id, `"${id}" is a preset: sizes without weights`, "train it first");
  const hint = nearest(id, presets);
  if (hint !== undefined && id.length <= LONGEST_SLIP)
    throw slip(id, `"${id}" is none of them`, `did you mean "${hint}"?`);
}

/**
 * Refuses a path into a folder that is here, whatever the hub may have of that name.
 *
 * @throws ERR_MODEL_UNKNOWN
 */
async function refusePathSlip({ id, explicit }: HubName): Promise<void> {
  const [owner, model] = id.split("/");
  const beside = explicit || model === undefined ? undefined : await readdir(owner).catch(() => undefined);
  if (beside === undefined) return;
  const hint = nearest(model, beside);
  const next = hint === undefined ? "check the path" : `did you mean "${join(owner, hint)}"?`;
  throw slip(id, `the folder "${owner}" has no "${model}" in it`, next);
}

/** The hub's own models without an owner all have longer names than this: gpt2 aside, which is none of ours. */
const LONGEST_SLIP = 8;

function slip(id: string, found: string, next: string): AttuneError {
  return new AttuneError("ERR_MODEL_UNKNOWN", {
    rule: "a model must be a preset, a folder, or the id of a model on the hub",
    found,
    next: `${next} (hf://${id} asks the hub)`,
  });
}
