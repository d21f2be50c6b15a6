/**
 * What the name of a model can be: a hub id, or only a path. Pure: whether a folder of that name exists is asked
 * elsewhere (resolve.ts), and a folder that exists always wins.
 *
 * An id is `name` or `owner/name`, as the hub itself allows: letters, digits, "-", "_" and ".", at most 96 characters,
 * no "--" and no "..". A revision (branch, tag or commit) follows an "@". `hf://owner/name` says that a hub id is meant
 * whatever stands on the disk.
 */
import { AttuneError } from "../base/errors.ts";

/** A model on a hub, as the user named it. */
export interface HubName {
  /** "google-bert/bert-base-chinese", or "bert-base-chinese" as old models are called. */
  readonly id: string;
  /** Branch, tag or commit; undefined where none was given. */
  readonly revision: string | undefined;
  /** Written as hf://. */
  readonly explicit: boolean;
}

const SCHEME = "hf://";
const LONGEST_ID = 96;

/** Endings of files that no model is called after, so that a mistyped file name is not looked up on a hub. */
const FILE_ENDINGS =
  /\.(onnx|safetensors|bin|pt|pth|ckpt|h5|json|jsonl|csv|tsv|txt|parquet|gz|zip|tar|index|git)$/i;

/**
 * The hub id that a model's name is, or undefined where it can only be a path.
 *
 * @throws ERR_HUB_ID for a web address, for hf:// in front of what is no id, and for a revision that cannot be one
 * @example
 * parseHubName("google-bert/bert-base-chinese@main"); // { id: "google-bert/bert-base-chinese", revision: "main", ... }
 * parseHubName("./runs/spam"); // undefined
 */
export function parseHubName(name: string): HubName | undefined {
  if (/^https?:\/\//i.test(name)) throw webAddress(name);
  const explicit = name.startsWith(SCHEME);
  const rest = explicit ? name.slice(SCHEME.length) : name;
  const at = rest.indexOf("@");
  const id = at === -1 ? rest : rest.slice(0, at);
  const revision = at === -1 ? undefined : rest.slice(at + 1);
  if (!isHubId(id) || (!explicit && FILE_ENDINGS.test(id))) {
    if (explicit) throw idError(`"${id}" is none`);
    return undefined;
  }
  if (revision !== undefined && !isRevision(revision)) throw idError(`"${revision}" is no revision`);
  return { id, revision, explicit };
}

/** Whether the hub could have a model of that name. */
export function isHubId(id: string): boolean {
  const segments = id.split("/");
  return (
    id.length <= LONGEST_ID &&
    segments.length <= 2 &&
    segments.every((segment) => /^[A-Za-z0-9_](?:[\w.-]*[A-Za-z0-9_])?$/.test(segment)) &&
    !/--|\.\.|\.git$/i.test(id)
  );
}

/** Whether git could have a branch, tag or commit of that name (git-check-ref-format, the parts that matter here). */
export function isRevision(revision: string): boolean {
  return (
    /^[\w.\-+/]{1,255}$/.test(revision) &&
    !/^[/.-]|[/.]$|\/\/|\.\.|\/\./.test(revision) &&
    !revision.endsWith(".lock")
  );
}

/** Whether a revision is a whole commit hash, which never moves. */
export function isCommit(revision: string): boolean {
  return /^[0-9a-f]{40}$/.test(revision);
}

function webAddress(name: string): AttuneError {
  const [, owner, model] = /^https?:\/\/[^/]+\/([^/?#]+)\/([^/?#]+)/i.exec(name) ?? [];
  const id = owner === undefined || model === undefined ? undefined : `${owner}/${model}`;
  return idError(
    "a web address was given",
    id !== undefined && isHubId(id) ? `write ${id}; another hub's address goes into HF_ENDPOINT` : undefined,
  );
}

function idError(found: string, next?: string): AttuneError {
  return new AttuneError("ERR_HUB_ID", {
    rule: "a hub id must be owner/name or owner/name@revision",
    found,
    next: next ?? "copy the id from the model's page, such as google-bert/bert-base-chinese",
  });
}
