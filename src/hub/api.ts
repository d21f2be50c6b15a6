/**
 * The two questions that a hub is asked: which commit and files a revision has, and what one file is.
 *
 * Routes and headers as the hub's own clients use them: GET /api/models/ID/revision/REV, HEAD /ID/resolve/REV/FILE with
 * X-Linked-Etag and X-Linked-Size for large files (whose bytes are elsewhere), else ETag and Content-Length.
 */
import { answerError, refusalError, type Subject } from "./errors.ts";
import { follow, type Hub, passingFailure } from "./follow.ts";
import { isCommit } from "./name.ts";
import type { Answer } from "./request.ts";
import { withRetries } from "./retry.ts";

export interface RevisionInfo {
  readonly commit: string;
  /** Paths of its files, with forward slashes. */
  readonly files: readonly string[];
}

export interface FileInfo {
  readonly name: string;
  /** Where its bytes are asked for. */
  readonly url: URL;
  /** What identifies its content: SHA-256 of a large file, git's SHA-1 of a small one; else whatever the server says. */
  readonly etag: string;
  /** Undefined where the server does not say. */
  readonly size: number | undefined;
}

/** The largest answer that is no file: thousands of file names. */
const MOST_TEXT = 32 * 2 ** 20;

/** @throws AttuneError or HubFailure */
export async function revisionInfo(hub: Hub, subject: Subject): Promise<RevisionInfo> {
  const url = new URL(
    `${hub.endpoint}/api/models/${subject.id}/revision/${encodeURIComponent(subject.revision)}`,
  );
  return withRetries(hub, async () => {
    const answer = await ask(hub, url, "GET", subject);
    const text = await readText(answer, subject);
    return parseInfo(text, answer, subject);
  });
}

/** @throws AttuneError or HubFailure */
export async function fileInfo(hub: Hub, subject: Subject, commit: string, name: string): Promise<FileInfo> {
  const url = new URL(`${hub.endpoint}/${subject.id}/resolve/${commit}/${encodeURIComponent(name)}`);
  return withRetries(hub, async () => {
    const answer = await ask(hub, url, "HEAD", subject);
    answer.discard();
    const etag = normalizeEtag(answer.header("x-linked-etag") ?? answer.header("etag"));
    if (etag === undefined)
      throw answerError(`${answer.url.host} does not say what ${name} is (no ETag)`, subject);
    return { name, url, etag, size: sizeOf(answer) };
  });
}

/** W/"abc" and "abc" as abc. */
export function normalizeEtag(etag: string | undefined): string | undefined {
  const bare = etag?.replace(/^W\//, "").replace(/^"(.*)"$/, "$1");
  return bare === "" ? undefined : bare;
}

function sizeOf(answer: Answer): number | undefined {
  const linked = answer.header("x-linked-size");
  const isFile = answer.status === 200 && answer.header("content-encoding") === undefined;
  const stated = linked ?? (isFile ? answer.header("content-length") : undefined);
  return stated !== undefined && /^\d{1,15}$/.test(stated) ? Number(stated) : undefined;
}

/** Asks, and refuses every answer that is none. */
async function ask(hub: Hub, url: URL, method: "GET" | "HEAD", subject: Subject): Promise<Answer> {
  const answer = await follow(hub, url, { method, timeoutMs: hub.answerTimeoutMs, leave: method === "GET" });
  // a HEAD stops where it is sent to another host: what there is to know was said before
  const leaves = method === "HEAD" && answer.status >= 300 && answer.status < 400;
  if (answer.status === 200 || leaves) return answer;
  answer.discard();
  throw passingFailure(answer) ?? refusedBy(answer, subject);
}

/** The error of an answer that is neither a file nor a failure that may pass. */
export function refusedBy(answer: Answer, subject: Subject): Error {
  const { status, url } = answer;
  if (status < 400) return answerError(`${url.host} answered ${status}`, subject);
  const code = answer.header("x-error-code");
  const message = answer.header("x-error-message");
  return refusalError({ status, code, message, host: url.host }, subject);
}

async function readText(answer: Answer, subject: Subject): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of answer.body()) {
    length += part.byteLength;
    if (length > MOST_TEXT) throw answerError(`${answer.url.host} does not stop answering`, subject);
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

function parseInfo(text: string, answer: Answer, subject: Subject): RevisionInfo {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    const type = answer.header("content-type") ?? "something";
    throw answerError(`${answer.url.host} answered with ${type.split(";")[0]}, not JSON`, subject);
  }
  const info = typeof parsed === "object" && parsed !== null ? parsed : {};
  const sha = "sha" in info ? info.sha : undefined;
  const siblings: unknown = "siblings" in info ? info.siblings : undefined;
  if (typeof sha !== "string" || !isCommit(sha) || !Array.isArray(siblings))
    throw answerError(`${answer.url.host} does not say which commit and files ${subject.id} has`, subject);
  const entries: readonly unknown[] = siblings;
  return { commit: sha, files: entries.flatMap(fileName) };
}

function fileName(entry: unknown): string[] {
  const named =
    typeof entry === "object" && entry !== null && "rfilename" in entry ? entry.rfilename : undefined;
  return typeof named === "string" ? [named] : [];
}
