/**
 * A hub on this machine, with a second server as its CDN: the hub's routes and headers as its own clients meet them
 * (revision info, resolve, X-Repo-Commit, X-Linked-*, X-Error-Code, redirects, ranges), and a hook for every fault.
 */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { afterAll } from "vitest";

export interface FakeFile {
  readonly content: Buffer;
  /** Kept on the CDN, as large files are. */
  readonly lfs?: boolean;
}

export interface FakeRepo {
  readonly commit: string;
  readonly files: Readonly<Record<string, FakeFile>>;
  /** Branches and tags besides main. */
  readonly revisions?: readonly string[];
  /** Only these tokens may read it. */
  readonly tokens?: readonly string[];
  /** Other tokens are told that it is gated, not that it is missing. */
  readonly gated?: boolean;
}

export interface Seen {
  readonly server: "hub" | "cdn";
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly range: string | undefined;
  readonly ifRange: string | undefined;
}

/** Answers in the server's place; false lets it answer itself. `n` counts requests of that method and path from 1. */
export type Intercept = (seen: Seen & { readonly n: number }, response: ServerResponse) => boolean;

export class FakeHub {
  readonly repos = new Map<string, FakeRepo>();
  /** Old names of repositories. */
  readonly renamed = new Map<string, string>();
  readonly seen: Seen[] = [];
  intercept: Intercept = () => false;
  /** Part of the path before the hub's own routes, as some mirrors have. */
  prefix = "";
  /** What redirects to the CDN say in place of its address. */
  cdnAddress: string | undefined;
  readonly #servers: Server[] = [];
  readonly #origin: string;

  private constructor(origin: string) {
    this.#origin = origin;
  }

  /** @param tls key and certificate for "localhost"; default: plain http */
  static async start(tls?: { readonly key: string; readonly cert: string }): Promise<FakeHub> {
    const hub = new FakeHub(tls === undefined ? "http://127.0.0.1" : "https://localhost");
    for (const name of ["hub", "cdn"] as const) {
      const serve = (incoming: IncomingMessage, response: ServerResponse) =>
        hub.#serve(name, incoming, response);
      const server = tls === undefined ? createServer(serve) : createTlsServer(tls, serve);
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      hub.#servers.push(server);
    }
    afterAll(async () => hub.stop());
    return hub;
  }

  get endpoint(): string {
    return `${this.#origin}:${this.#port(0)}${this.prefix}`;
  }

  get cdn(): string {
    return this.cdnAddress ?? `${this.#origin}:${this.#port(1)}`;
  }

  async stop(): Promise<void> {
    for (const server of this.#servers) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  /** Requests as "GET /path", those of one server where it is named. */
  asked(server?: "hub" | "cdn"): string[] {
    return this.seen
      .filter((seen) => server === undefined || seen.server === server)
      .map(({ method, path }) => `${method} ${path}`);
  }

  #port(i: number): number {
    return (this.#servers[i].address() as AddressInfo).port;
  }

  #serve(server: "hub" | "cdn", incoming: IncomingMessage, response: ServerResponse): void {
    const { method = "", url = "", headers } = incoming;
    const path = decodeURIComponent(
      url.slice(server === "hub" && url.startsWith(this.prefix) ? this.prefix.length : 0),
    );
    const { authorization, range, "if-range": ifRange } = headers;
    const seen: Seen = { server, method, path, authorization, range, ifRange: ifRange?.toString() };
    this.seen.push(seen);
    const n = this.seen.filter(
      (each) => each.server === server && each.method === method && each.path === path,
    ).length;
    if (this.intercept({ ...seen, n }, response)) return;
    if (server === "cdn") this.#serveBlob(seen, response);
    else this.#serveHub(seen, response);
  }

  #serveHub(seen: Seen, response: ServerResponse): void {
    const [, id, rest] =
      /^\/(?:api\/models\/)?((?:[^/]+\/)?[^/]+)\/((?:revision|resolve)\/.+)$/.exec(seen.path) ?? [];
    if (id === undefined) return refuse(response, 404, undefined);
    const newName = this.renamed.get(id);
    if (newName !== undefined) {
      response.writeHead(307, { Location: `${this.prefix}${seen.path.replace(id, newName)}` }).end();
      return;
    }
    const repo = this.repos.get(id);
    const token = /^Bearer (.*)$/.exec(seen.authorization ?? "")?.[1];
    const open = repo?.tokens === undefined || repo.tokens.includes(token ?? "");
    if (repo === undefined || (!open && repo.gated !== true)) return refuse(response, 401, "RepoNotFound");
    const [kind, revision, ...parts] = rest.split("/");
    const known = ["main", repo.commit, ...(repo.revisions ?? [])];
    if (!known.includes(revision)) return refuse(response, 404, "RevisionNotFound");
    if (kind === "revision") {
      const siblings = Object.keys(repo.files).map((rfilename) => ({ rfilename }));
      response.writeHead(200, { "Content-Type": "application/json; charset=utf-8" });
      response.end(JSON.stringify({ id, sha: repo.commit, siblings }));
      return;
    }
    if (!open) return refuse(response, token === undefined ? 401 : 403, "GatedRepo");
    const file = repo.files[parts.join("/")];
    if (file === undefined) return refuse(response, 404, "EntryNotFound");
    response.setHeader("X-Repo-Commit", repo.commit);
    if (file.lfs !== true) return serveRange(seen, response, file.content, `"${gitSha1(file.content)}"`);
    const sha = sha256(file.content);
    response.setHeader("X-Linked-Etag", `"${sha}"`).setHeader("X-Linked-Size", file.content.byteLength);
    response.writeHead(302, { Location: `${this.cdn}/blobs/${sha}?Signature=secret` }).end();
  }

  #serveBlob(seen: Seen, response: ServerResponse): void {
    const files = [...this.repos.values()].flatMap((repo) => Object.values(repo.files));
    const wanted = /^\/blobs\/([0-9a-f]{64})\?Signature=secret$/.exec(seen.path)?.[1];
    const file = files.find(({ content }) => sha256(content) === wanted);
    if (file === undefined) return refuse(response, 403, undefined);
    serveRange(seen, response, file.content, `"cdn-${wanted?.slice(0, 8)}"`);
  }
}

/** Sends a file or, where asked for and still the same, the rest of it. */
export function serveRange(seen: Seen, response: ServerResponse, content: Buffer, etag: string): void {
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(seen.range ?? "") ?? [];
  const ranged = first !== undefined && (seen.ifRange === undefined || seen.ifRange === etag);
  const size = content.byteLength;
  const start = ranged ? Number(first) : 0;
  const end = ranged && last !== "" ? Math.min(Number(last) + 1, size) : size;
  response.setHeader("ETag", etag).setHeader("Accept-Ranges", "bytes");
  if (ranged && start >= size) {
    response.writeHead(416, { "Content-Range": `bytes */${size}` }).end();
    return;
  }
  const part = content.subarray(start, end);
  if (ranged) response.setHeader("Content-Range", `bytes ${start}-${end - 1}/${size}`);
  response.writeHead(ranged ? 206 : 200, { "Content-Length": part.byteLength });
  response.end(seen.method === "HEAD" ? undefined : part);
}

export function refuse(response: ServerResponse, status: number, code: string | undefined): void {
  if (code !== undefined) response.setHeader("X-Error-Code", code);
  response.writeHead(status).end();
}

/** What an Intercept returns after it has answered. */
export function sent(_answered: ServerResponse): true {
  return true;
}

export function sha256(content: Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}

/** A file's name in git: what `git hash-object` prints. */
export function gitSha1(content: Buffer): string {
  return createHash("sha1").update(`blob ${content.byteLength}\0`).update(content).digest("hex");
}
