/**
 * What the environment and the caller say about the hub: the same variables that the Python tools read, so that a
 * machine set up for them is set up for us. docs/hub.md lists them.
 */
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { AttuneError } from "../base/errors.ts";
import type { Environment } from "./proxy.ts";
import { type Credentials, credentialsFor } from "./token.ts";

/** What a caller may say; each wins over the environment. */
export interface HubOptions {
  /** Branch, tag or commit; what stands behind an "@" in the name wins. Default "main". */
  readonly revision?: string;
  /** Folder of the shared cache. Default: HF_HUB_CACHE, else HF_HOME/hub, else ~/.cache/huggingface/hub. */
  readonly cacheDir?: string;
  /** Address of the hub. Default: HF_ENDPOINT, else https://huggingface.co. */
  readonly endpoint?: string;
  /** A token for the endpoint; false sends none. Default: HF_TOKEN, else the token file, where they belong there. */
  readonly token?: string | false;
  /** Use the cache alone. Default: HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE. */
  readonly offline?: boolean;
}

export interface HubSettings extends Credentials {
  /** Without a trailing slash, name or password. */
  readonly endpoint: string;
  readonly cacheDir: string;
  readonly offline: boolean;
  /** False: copy files into snapshots (HF_HUB_DISABLE_SYMLINKS). */
  readonly symlinks: boolean;
  /** How long a question may stay unanswered (HF_HUB_ETAG_TIMEOUT, in seconds there). */
  readonly answerTimeoutMs: number;
  /** How long a download may bring nothing (HF_HUB_DOWNLOAD_TIMEOUT, in seconds there). */
  readonly stallTimeoutMs: number;
}

export const DEFAULT_ENDPOINT = "https://huggingface.co";

/** @throws ERR_HUB_ENDPOINT, ERR_HUB_TOKEN */
export async function readSettings(options: HubOptions, env: Environment): Promise<HubSettings> {
  const endpoint = parseEndpoint(options.endpoint ?? say(env, "HF_ENDPOINT") ?? DEFAULT_ENDPOINT);
  const home = cacheHome(env);
  const file = expand(say(env, "HF_TOKEN_PATH") ?? join(home, "token"), env);
  const stored = await readFile(file, "utf8").catch(() => undefined);
  const credentials = credentialsFor(endpoint, {
    given: options.token ?? clean(env.ATTUNE_HUB_TOKEN),
    environment: clean(env.HF_TOKEN) ?? clean(env.HUGGING_FACE_HUB_TOKEN),
    file: clean(stored),
    explicitOnly: isTrue(env.HF_HUB_DISABLE_IMPLICIT_TOKEN),
  });
  endpoint.username = "";
  endpoint.password = "";
  return {
    ...credentials,
    endpoint: endpoint.href.replace(/\/+$/, ""),
    cacheDir: resolve(options.cacheDir ?? cacheFolder(env, home)),
    offline: options.offline ?? (isTrue(env.HF_HUB_OFFLINE) || isTrue(env.TRANSFORMERS_OFFLINE)),
    symlinks: !isTrue(env.HF_HUB_DISABLE_SYMLINKS),
    answerTimeoutMs: seconds(env.HF_HUB_ETAG_TIMEOUT) ?? 10_000,
    stallTimeoutMs: seconds(env.HF_HUB_DOWNLOAD_TIMEOUT) ?? 30_000,
  };
}

function cacheHome(env: Environment): string {
  const base = say(env, "XDG_CACHE_HOME") ?? join(homedir(), ".cache");
  return expand(say(env, "HF_HOME") ?? join(base, "huggingface"), env);
}

function cacheFolder(env: Environment, home: string): string {
  const named = say(env, "HF_HUB_CACHE") ?? say(env, "HUGGINGFACE_HUB_CACHE");
  return named === undefined ? join(home, "hub") : expand(named, env);
}

/** A variable that is set and not empty. */
function say(env: Environment, name: string): string | undefined {
  const value = env[name];
  return value === undefined || value.trim() === "" ? undefined : value.trim();
}

function clean(token: string | undefined): string | undefined {
  const trimmed = token?.trim();
  return trimmed === "" ? undefined : trimmed;
}

/** As the Python tools read a switch. */
function isTrue(value: string | undefined): boolean {
  return ["1", "ON", "YES", "TRUE"].includes(value?.trim().toUpperCase() ?? "");
}

function seconds(value: string | undefined): number | undefined {
  const number = Number(value ?? "");
  return Number.isFinite(number) && number > 0 ? number * 1000 : undefined;
}

/** "~" and $NAME in a path, as the Python tools expand them. */
function expand(path: string, env: Environment): string {
  const named = path.replace(
    /\$(\w+)|\$\{(\w+)\}/g,
    (whole, a?: string, b?: string) => env[a ?? b ?? ""] ?? whole,
  );
  return named === "~" || /^~[/\\]/.test(named) ? join(homedir(), named.slice(1)) : named;
}

function parseEndpoint(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && ["http:", "https:"].includes(url.protocol) && url.search + url.hash === "")
    return url;
  throw new AttuneError("ERR_HUB_ENDPOINT", {
    rule: "HF_ENDPOINT must be the http or https address of a hub",
    found: url === undefined ? "it is no address" : `it is a ${url.protocol} address, or has a ? or # in it`,
    next: "set it to an address such as https://hf-mirror.com, or unset it for https://huggingface.co",
  });
}
