/**
 * Which token goes to the endpoint, if any: a token is sent to no host but the one it belongs to.
 *
 * A token that was made for huggingface.co (its file, or HF_TOKEN where it begins with "hf_") goes to huggingface.co
 * and to this machine, and to no mirror. One that the caller hands over (the `token` option, ATTUNE_HUB_TOKEN), an
 * HF_TOKEN of another kind, and a name and password inside HF_ENDPOINT belong to the endpoint that is set. None travels
 * unencrypted, except to this machine itself.
 */
import { isIP } from "node:net";
import { AttuneError } from "../base/errors.ts";

/** Where tokens were found; undefined where none was. */
export interface TokenSources {
  /** The caller's own; false: send none. */
  readonly given: string | false | undefined;
  /** HF_TOKEN. */
  readonly environment: string | undefined;
  /** What the token file holds. */
  readonly file: string | undefined;
  /** HF_HUB_DISABLE_IMPLICIT_TOKEN: only a token that was handed over is sent. */
  readonly explicitOnly: boolean;
}

export interface Credentials {
  /** The value of the Authorization header; undefined where the endpoint gets none. */
  readonly authorization: string | undefined;
  /** Why a token that is there is not sent, for the error of a request that needs one. */
  readonly withheld: string | undefined;
}

/** @throws ERR_HUB_TOKEN where a token that was handed over cannot be sent, or is none */
export function credentialsFor(endpoint: URL, sources: TokenSources): Credentials {
  const { given, environment, file, explicitOnly } = sources;
  if (given === false) return none();
  if (given !== undefined) return send(given, endpoint, "the token given");
  if (endpoint.username !== "" || endpoint.password !== "") return basic(endpoint);
  if (explicitOnly) return none();
  if (environment !== undefined) {
    if (isHome(endpoint)) return send(environment, endpoint, "HF_TOKEN");
    if (environment.startsWith("hf_")) return none(`HF_TOKEN is for huggingface.co${toMirror(endpoint)}`);
    return isSafe(endpoint)
      ? send(environment, endpoint, "HF_TOKEN")
      : none(`HF_TOKEN does not travel unencrypted to ${endpoint.host}`);
  }
  if (file === undefined) return none();
  return isHome(endpoint)
    ? send(file, endpoint, "the token file")
    : none(`the token file is for huggingface.co${toMirror(endpoint)}`);
}

/** Whether a host is this machine, whose traffic nobody else sees. */
export function isLoopback({ hostname }: URL): boolean {
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  return (
    host === "localhost" ||
    host.endsWith(".localhost") ||
    host === "::1" ||
    (isIP(host) === 4 && host.startsWith("127."))
  );
}

/** Whether tokens of huggingface.co may go there. */
function isHome(endpoint: URL): boolean {
  const official = endpoint.hostname === "huggingface.co" || endpoint.hostname.endsWith(".huggingface.co");
  return isLoopback(endpoint) || (official && endpoint.protocol === "https:");
}

function isSafe(endpoint: URL): boolean {
  return endpoint.protocol === "https:" || isLoopback(endpoint);
}

function toMirror({ host }: URL): string {
  return ` and was not sent to ${host}; to send one there, put it into ATTUNE_HUB_TOKEN`;
}

function none(withheld?: string): Credentials {
  return { authorization: undefined, withheld };
}

function basic(endpoint: URL): Credentials {
  const pair = `${decodeURIComponent(endpoint.username)}:${decodeURIComponent(endpoint.password)}`;
  if (!isSafe(endpoint)) throw unencrypted("the password in HF_ENDPOINT", endpoint);
  return { authorization: `Basic ${Buffer.from(pair).toString("base64")}`, withheld: undefined };
}

function send(token: string, endpoint: URL, name: string): Credentials {
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new AttuneError("ERR_HUB_TOKEN", {
      rule: "a token must be one word of plain letters, digits and signs",
      found: `${name} is ${token === "" ? "empty" : "something else"}`,
      next: "copy it again from your account's page",
    });
  }
  if (!isSafe(endpoint)) throw unencrypted(name, endpoint);
  return { authorization: `Bearer ${token}`, withheld: undefined };
}

function unencrypted(name: string, { host }: URL): AttuneError {
  return new AttuneError("ERR_HUB_TOKEN", {
    rule: "a token must not travel unencrypted",
    found: `${name} would go to ${host} over http`,
    next: "use the https address of that hub, or send no token",
  });
}
