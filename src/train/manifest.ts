/**
 * What a run was, so that it can be repeated and resumed: options, data hashes, versions.
 *
 * Stands in checkpoints/run.json while training and in attune.json afterwards. Holds no time and no path but those
 * the user gave, so two equal runs write equal files.
 */
import { z } from "zod";
import { AttuneError } from "../base/errors.ts";
import { version } from "../base/version.ts";
import type { HubOrigin } from "../hub/index.ts";
import type { Backend } from "../runtime/index.ts";

export const manifestSchema = z.object({
  attune: z.string(),
  runtime: z.string(),
  options: z.record(z.string(), z.unknown()),
  /** What `options.model` was on the hub when the run began. */
  hub: z.object({ id: z.string(), commit: z.string() }).optional(),
  sha256: z.record(z.string(), z.string()),
});

export type Manifest = z.infer<typeof manifestSchema>;

/** Options that change how a run goes but not what comes out. */
const withoutEffect = new Set(["checkpointSteps"]);

export function manifestOf(
  options: Readonly<Record<string, unknown>>,
  sha256: Readonly<Record<string, string>>,
  backend: Backend,
  hub?: HubOrigin,
): Manifest {
  return {
    attune: version,
    runtime: `onnxruntime ${backend.version} (${backend.device})`,
    options: Object.fromEntries(Object.entries(options).filter(([name]) => !withoutEffect.has(name))),
    ...(hub === undefined ? {} : { hub: { id: hub.id, commit: hub.commit } }),
    sha256,
  };
}

/** What `model` was on the hub for the run of a stored manifest; undefined where that run began from something else. */
export function originOf(stored: unknown, model: string): Manifest["hub"] {
  const parsed = manifestSchema.safeParse(stored);
  return parsed.success && parsed.data.options.model === model ? parsed.data.hub : undefined;
}

/**
 * Refuses to go on with a run under other options, on other data or with another runtime: the result would be
 * neither run.
 *
 * @throws ERR_RESUME_MISMATCH naming the first difference
 */
export function checkResumable(stored: unknown, now: Manifest, folder: string): void {
  const parsed = manifestSchema.safeParse(stored);
  if (!parsed.success) throw mismatch("run.json is not readable", folder);
  const then = parsed.data;
  for (const name of new Set([...Object.keys(then.options), ...Object.keys(now.options)])) {
    const [before, after] = [then.options[name], now.options[name]].map((value) => JSON.stringify(value));
    if (before !== after)
      throw mismatch(`${name} was ${before ?? "not given"} and is ${after ?? "not given"}`, folder);
  }
  if (then.hub?.commit !== now.hub?.commit)
    throw mismatch(`its model was ${atCommit(then.hub)} and is ${atCommit(now.hub)}`, folder);
  for (const [path, hash] of Object.entries(now.sha256)) {
    if (then.sha256[path] !== hash) throw mismatch(`${path} has changed since`, folder);
  }
  if (then.runtime !== now.runtime)
    throw mismatch(`it ran on ${then.runtime} and this is ${now.runtime}`, folder);
}

function atCommit(hub: Manifest["hub"]): string {
  return hub === undefined ? "a folder" : `commit ${hub.commit} of ${hub.id}`;
}

function mismatch(found: string, folder: string): AttuneError {
  return new AttuneError("ERR_RESUME_MISMATCH", {
    rule: "a run resumes with the options and the data that it began with",
    found,
    next: "repeat the first command with --resume added, or delete the folder to start over",
    file: folder,
  });
}
