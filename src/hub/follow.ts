/**
 * A question to the hub, its redirects followed by hand, so that the token stays where it belongs.
 *
 * Authorization goes to the endpoint's own origin (scheme, host and port) and nowhere else; once a redirect has left
 * it, a redirect back does not get it again. From https to http is refused where a token was sent before.
 */
import { AttuneError } from "../base/errors.ts";
import { version } from "../base/version.ts";
import { HubFailure } from "./failure.ts";
import type { Environment } from "./proxy.ts";
import { type Answer, request } from "./request.ts";
import type { HubSettings } from "./settings.ts";

/** A hub to ask, and how. */
export interface Hub extends HubSettings {
  readonly env: Environment;
  readonly ca: string | undefined;
  readonly signal: AbortSignal | undefined;
  /** Waits; rejects with the signal's reason when that is aborted. */
  readonly sleep: (ms: number) => Promise<void>;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  /** How often a question is repeated when the first try fails in a way that may pass. */
  readonly retries: number;
  /** Told before each wait. */
  readonly onRetry: (why: string, waitMs: number) => void;
}

export interface Question {
  readonly method: "GET" | "HEAD";
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** False: give back the answer that leads to another host instead of going there. Default true. */
  readonly leave?: boolean;
}

const MOST_REDIRECTS = 10;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/**
 * @param url on the hub's endpoint
 * @throws HubFailure, ERR_HUB_REDIRECT
 */
export async function follow(hub: Hub, url: URL, question: Question): Promise<Answer> {
  const home = new URL(hub.endpoint).origin;
  let trusted = hub.authorization !== undefined;
  let sentToken = false;
  for (let at = url, hop = 0; hop <= MOST_REDIRECTS; hop++) {
    trusted &&= at.origin === home;
    sentToken ||= trusted;
    const answer = await request(at, {
      method: question.method,
      headers: { ...question.headers, ...headersOf(trusted ? hub.authorization : undefined) },
      env: hub.env,
      timeoutMs: question.timeoutMs,
      signal: hub.signal,
      ca: hub.ca,
    });
    const location = REDIRECTS.has(answer.status) ? answer.header("location") : undefined;
    if (location === undefined) return answer;
    const next = target(location, at, sentToken);
    if (question.leave === false && next.origin !== home) return answer;
    answer.discard();
    at = next;
  }
  throw redirectError(`${url.host} redirects in a circle`);
}

function headersOf(authorization: string | undefined): Record<string, string> {
  return {
    "User-Agent": `attune/${version}; node/${process.versions.node}`,
    "Accept-Encoding": "identity", // sizes and ranges are those of the file itself
    ...(authorization === undefined ? {} : { Authorization: authorization }),
  };
}

function target(location: string, from: URL, sentToken: boolean): URL {
  const next = URL.canParse(location, from) ? new URL(location, from) : undefined;
  if (next === undefined || !["http:", "https:"].includes(next.protocol))
    throw redirectError(`${from.host} redirects to what is no web address`);
  if (sentToken && from.protocol === "https:" && next.protocol === "http:")
    throw redirectError(`${from.host} redirects to ${next.host} without encryption, after a token was sent`);
  return next;
}

function redirectError(found: string): AttuneError {
  return new AttuneError("ERR_HUB_REDIRECT", {
    rule: "a hub must say where a file is",
    found,
    next: "check HF_ENDPOINT and the proxy; nothing was downloaded from there",
  });
}

/** The failure behind a status that may pass, or undefined. */
export function passingFailure(answer: Answer): HubFailure | undefined {
  const { status, url } = answer;
  const retryAfterMs = retryAfter(answer.header("retry-after"));
  if (status === 429)
    return new HubFailure("busy", `${url.host} answered 429, too many requests`, { retryAfterMs });
  if (status >= 500 || status === 408)
    return new HubFailure("server", `${url.host} answered ${status}`, { retryAfterMs });
  return undefined;
}

/** Retry-After in seconds or as a date (RFC 9110, section 10.2.3). */
function retryAfter(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d+$/.test(value.trim())) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}
