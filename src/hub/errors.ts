/**
 * What the user is told when a model cannot be had from the hub: the rule, what was found, what to do next.
 *
 * No message holds a token, a password or the query of an address (which signs downloads).
 */
import { AttuneError, nearest } from "../base/errors.ts";
import { writeError } from "../base/file-errors.ts";
import { HubFailure } from "./failure.ts";
import { DEFAULT_ENDPOINT, type HubSettings } from "./settings.ts";

/** A model that is asked for, with what is needed to talk about it. */
export interface Subject {
  readonly id: string;
  readonly revision: string;
  readonly settings: HubSettings;
  /** Names that could have been meant. */
  readonly known: readonly string[];
}

/** An answer that refuses. */
export interface Refusal {
  readonly status: number;
  /** X-Error-Code and X-Error-Message, where the hub gives them. */
  readonly code: string | undefined;
  readonly message: string | undefined;
  readonly host: string;
}

const PUT_WHERE =
  "put config.json, the weights (model.safetensors) and the tokenizer's files (tokenizer.json, vocab.txt) into a " +
  "folder and give that folder in the id's place";

/** A failure that was final. What is no HubFailure passes through. */
export function failureError(error: unknown, subject: Subject): unknown {
  if (!(error instanceof HubFailure)) return error;
  const { id } = subject;
  const rule = `${id} must be downloaded, since it is not in the cache`;
  const parts = { rule, found: error.message, cause: error };
  switch (error.kind) {
    case "busy":
      return new AttuneError("ERR_HUB_BUSY", { ...parts, next: `try again later${orLogIn(subject)}` });
    case "server":
      return new AttuneError("ERR_HUB_UNAVAILABLE", {
        ...parts,
        next: "try again later, or name a mirror in HF_ENDPOINT; what has arrived is kept",
      });
    case "tls":
      return new AttuneError("ERR_HUB_CERTIFICATE", {
        ...parts,
        next: "where a proxy of yours opens https, name its certificate in NODE_EXTRA_CA_CERTS",
      });
    case "proxy":
      return new AttuneError("ERR_HUB_PROXY", {
        ...parts,
        next: "check HTTPS_PROXY, or list the host in NO_PROXY",
      });
    case "unreachable":
    case "stalled":
    case "cut":
      return new AttuneError("ERR_HUB_UNREACHABLE", {
        ...parts,
        next:
          "check the network, name a proxy in HTTPS_PROXY or a mirror in HF_ENDPOINT (such as " +
          `https://hf-mirror.com) and run the same again: what has arrived is kept; or ${PUT_WHERE}`,
      });
  }
}

function orLogIn({ settings }: Subject): string {
  return settings.authorization === undefined
    ? ", or set HF_TOKEN: the hub allows more to those it knows"
    : "";
}

/** An answer of 400 to 499. */
export function refusalError(refusal: Refusal, subject: Subject): AttuneError {
  const { status, code, message, host } = refusal;
  const { id, revision, settings } = subject;
  const page = `${settings.endpoint}/${id}`;
  if (code === "RevisionNotFound") {
    return new AttuneError("ERR_HUB_REVISION", {
      rule: "a revision must be a branch, tag or commit of the model",
      found: `${id} has no "${revision}"`,
      next: `look at ${page}/commits/main, or leave out @${revision}`,
    });
  }
  if (code === "GatedRepo" || (status === 403 && /gated|access/i.test(message ?? ""))) {
    return new AttuneError("ERR_HUB_GATED", {
      rule: `${id} is given only to those who have accepted its conditions`,
      found: `${host} answered ${status}${tokenState(settings)}`,
      next: `accept them at ${page}, then ${logIn(settings)}`,
    });
  }
  if (status === 401 && code === undefined && settings.authorization !== undefined) {
    return new AttuneError("ERR_HUB_TOKEN", {
      rule: "the hub must accept the token",
      found: `${host} answered 401${told(message, settings)}`,
      next: "make a new one on your account's page and put it into HF_TOKEN; unset HF_TOKEN for public models",
    });
  }
  if (status === 401 || status === 404) return notFound(refusal, subject);
  return new AttuneError("ERR_HUB_REFUSED", {
    rule: `${id} must be readable`,
    found: `${host} answered ${status}${told(message, settings)}`,
    next: `look at ${page}; ${logIn(settings)}`,
  });
}

/** The hub answers 401 for what does not exist, so that nobody learns which private models there are. */
function notFound({ status, host }: Refusal, { id, settings, known }: Subject): AttuneError {
  const hint = nearest(id, known);
  return new AttuneError("ERR_HUB_NOT_FOUND", {
    rule: "a model must be a preset, a folder, or the id of a model on the hub",
    found: `there is no folder "${id}" here, and ${host} (answer ${status}) has no such model or keeps it private`,
    next: `${hint === undefined ? "check the spelling." : `did you mean "${hint}"?`} For a private model, ${logIn(settings)}`,
  });
}

function logIn({ endpoint, withheld }: HubSettings): string {
  if (withheld !== undefined) return `note that ${withheld}`;
  const variable = endpoint === DEFAULT_ENDPOINT ? "HF_TOKEN" : "ATTUNE_HUB_TOKEN";
  return `put a token of an account that may read it into ${variable} (${endpoint}/settings/tokens)`;
}

function tokenState({ authorization, withheld }: HubSettings): string {
  if (authorization !== undefined) return ", and the token's account has not";
  return withheld === undefined ? ", and no token was found" : "";
}

/** What the hub says, in one line, without what we sent. */
function told(message: string | undefined, { authorization }: HubSettings): string {
  const secret = authorization?.split(" ")[1];
  const line = (message ?? "").replace(/\s+/g, " ").trim().slice(0, 200);
  if (line === "") return "";
  return ` ("${secret === undefined ? line : line.replaceAll(secret, "...")}")`;
}

/** Something answers, but not as a hub does. */
export function answerError(found: string, { settings }: Pick<Subject, "settings">): AttuneError {
  return new AttuneError("ERR_HUB_ANSWER", {
    rule: `${settings.endpoint} must answer as a hub does`,
    found,
    next: "check HF_ENDPOINT, and whether a login page of the network stands in between",
  });
}

/** A repository without a file that we can load weights from. */
export function noWeightsError({ id }: Subject, names: readonly string[]): AttuneError {
  const large = names.filter((name) =>
    /\.(onnx|h5|msgpack|gguf|pt|pth|ot|tflite|bin|safetensors)$/i.test(name),
  );
  const shown = large.length > 0 ? large : names;
  const some = shown.slice(0, 8).join(", ");
  return new AttuneError("ERR_HUB_NO_WEIGHTS", {
    rule: "a model must have model.safetensors, pytorch_model.bin (either also split) or a TensorFlow checkpoint",
    found: `${id} has ${shown.length === 0 ? "no files" : `only ${some}${shown.length > 8 ? ", ..." : ""}`}`,
    next: "choose another revision, or a model with weights in one of these forms",
  });
}

/** Nothing may be asked, and the cache does not have it. */
export function offlineError(
  subject: Subject,
  missing: readonly string[],
  cached: readonly string[],
): AttuneError {
  const { id, settings, known } = subject;
  const hint = nearest(id, known);
  const holds =
    cached.length === 0
      ? "no models"
      : `${cached.slice(0, 10).join(", ")}${cached.length > 10 ? ", ..." : ""}`;
  const found = missing.length === 0 ? "it is not there" : `${missing.join(", ")} of it is not there`;
  return new AttuneError("ERR_HUB_OFFLINE", {
    rule: `offline (HF_HUB_OFFLINE), ${id} must be in the cache`,
    found: `${found}; the cache holds ${holds}`,
    next: `${hint === undefined ? "" : `did you mean "${hint}"? Or `}unset HF_HUB_OFFLINE to download it; or ${PUT_WHERE}`,
    file: settings.cacheDir,
  });
}

/** What arrived is not what the hub announced. */
export function contentError(file: string, found: string, host: string): AttuneError {
  return new AttuneError("ERR_HUB_CHECKSUM", {
    rule: `${file} must arrive as the hub announces it`,
    found,
    next: `the bad file was removed; run the same again, and if it comes back, do not trust ${host}`,
  });
}

/** The cache cannot be written to. */
export function cacheError(error: unknown, path: string, bytes: number): Error {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOSPC" || code === "EDQUOT") return diskFullError(path, `${bytes} bytes`, error);
  return writeError(error, path, bytes);
}

export function diskFullError(path: string, needed: string, cause?: unknown): AttuneError {
  return new AttuneError("ERR_DISK_FULL", {
    rule: "the model must fit on the disk of the cache",
    found: `there is no room for ${needed}`,
    next: "free some space, or name a folder on another disk in HF_HUB_CACHE; what has arrived is kept",
    file: path,
    cause,
  });
}

export function interruptedError(id: string): AttuneError {
  return new AttuneError("ERR_INTERRUPTED", {
    rule: `the download of ${id} was asked to stop`,
    found: "what has arrived is kept",
    next: "run the same again to go on where it stopped",
  });
}
