/**
 * One HTTP exchange, through a proxy where the environment names one (proxy.ts). Over Node's own client: its `fetch`
 * knows no proxies on Node 20, unpacks what a range was cut from, and hides where a redirect leads.
 *
 * Follows no redirects (follow.ts) and tries nothing twice (retry.ts).
 */
import type { ClientRequest, IncomingMessage, RequestOptions } from "node:http";
import * as http from "node:http";
import * as https from "node:https";
import type { Socket } from "node:net";
import { pipeline, Readable } from "node:stream";
import * as tls from "node:tls";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { connectionFailure, HubFailure } from "./failure.ts";
import { type Environment, proxyFor } from "./proxy.ts";

export interface RequestSettings {
  readonly method: "GET" | "HEAD";
  readonly headers: Readonly<Record<string, string>>;
  readonly env: Environment;
  /** How long nothing may come, from the start to the last byte. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Certificates to trust in place of the system's, for tests. */
  readonly ca?: string | undefined;
}

export interface Answer {
  readonly url: URL;
  readonly status: number;
  /** A header's value; undefined where it is absent. */
  header(name: string): string | undefined;
  /** The body with its content encoding undone; throws HubFailure where it is cut or stalls. */
  body(): AsyncGenerator<Uint8Array>;
  /** Lets the body go unread. */
  discard(): void;
}

/** @throws HubFailure; the signal's reason where it is aborted */
export async function request(url: URL, settings: RequestSettings): Promise<Answer> {
  const { signal } = settings;
  signal?.throwIfAborted();
  const watch = new Watch(url.host, settings.timeoutMs);
  const abort = () => watch.fail(signal?.reason);
  signal?.addEventListener("abort", abort, { once: true });
  const settle = () => {
    watch.stop();
    signal?.removeEventListener("abort", abort);
  };
  try {
    const sent = await open(url, settings, watch);
    watch.guard(sent);
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      sent.on("response", resolve).on("error", reject).end();
    });
    response.on("close", settle);
    response.on("error", () => undefined); // read or not: body() throws it
    return answerOf(url, response, watch);
  } catch (error) {
    settle();
    throw (
      watch.reason ??
      (error instanceof HubFailure ? error : connectionFailure(error, url.host, watch.connected))
    );
  }
}

/** Ends an exchange when nothing has come for too long or the caller has had enough, and remembers why. */
class Watch {
  readonly #host: string;
  readonly #timeoutMs: number;
  #timer: NodeJS.Timeout | undefined;
  #requests: ClientRequest[] = [];
  /** Why it was ended; undefined where it was not. */
  reason: Error | undefined;
  connected = false;

  constructor(host: string, timeoutMs: number) {
    this.#host = host;
    this.#timeoutMs = timeoutMs;
    this.alive();
  }

  /** Something came. */
  alive(): void {
    clearTimeout(this.#timer);
    const seconds = this.#timeoutMs / 1000;
    const stalled = () => this.fail(new HubFailure("stalled", `${this.#host} sent nothing for ${seconds} s`));
    this.#timer = setTimeout(stalled, this.#timeoutMs);
  }

  /** The clock stands still, for example while the disk is written. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  fail(reason: unknown): void {
    this.reason ??= reason instanceof Error ? reason : new Error(String(reason));
    this.stop();
    for (const each of this.#requests) each.destroy();
  }

  guard(sent: ClientRequest): void {
    this.#requests.push(sent);
    sent.on("socket", (socket) => {
      const connected = () => {
        this.connected = true;
        this.alive();
      };
      if (socket.connecting) socket.once("connect", connected);
      else connected();
    });
    if (this.reason !== undefined) sent.destroy();
  }
}

/** The request, not yet sent; for https through a proxy, the tunnel is there. */
async function open(url: URL, settings: RequestSettings, watch: Watch): Promise<ClientRequest> {
  const { method, headers, env, ca } = settings;
  const proxy = proxyFor(url, env);
  const named = { Host: url.host, ...headers };
  const own: RequestOptions = { method, headers: named };
  if (url.protocol === "http:") {
    if (proxy === undefined) return http.request(url, own);
    const headersToProxy = { ...named, ...proxyAuthorization(proxy) };
    const toProxy = { method, path: url.href, headers: headersToProxy, auth: null };
    return proxy.protocol === "https:"
      ? https.request(proxy, { ...toProxy, ca })
      : http.request(proxy, toProxy);
  }
  if (proxy === undefined) return https.request(url, { ...own, ca });
  const socket = await openTunnel(url, proxy, watch, ca);
  const createConnection = () => tls.connect({ socket, ca, ...serverName(url) });
  return https.request(url, { ...own, createConnection });
}

/** A connection through the proxy to the host of `url` (RFC 9110, section 9.3.6). */
async function openTunnel(url: URL, proxy: URL, watch: Watch, ca: string | undefined): Promise<Socket> {
  const target = `${url.hostname}:${url.port || 443}`;
  const options: RequestOptions = {
    method: "CONNECT",
    path: target,
    headers: { Host: target, ...proxyAuthorization(proxy) },
    auth: null,
    agent: false,
  };
  const connect =
    proxy.protocol === "https:" ? https.request(proxy, { ...options, ca }) : http.request(proxy, options);
  watch.guard(connect);
  try {
    return await new Promise<Socket>((resolve, reject) => {
      connect.on("connect", ({ statusCode = 0 }, socket) => {
        if (statusCode === 200) return resolve(socket);
        socket.destroy();
        return reject(proxyRefusal(proxy, statusCode));
      });
      connect.on("response", (response) => {
        response.destroy();
        reject(proxyRefusal(proxy, response.statusCode ?? 0));
      });
      connect.on("error", reject).end();
    });
  } catch (error) {
    if (watch.reason !== undefined || error instanceof HubFailure) throw error;
    const { message } = connectionFailure(error, `the proxy ${proxy.host}`, watch.connected);
    throw new HubFailure("proxy", message, { cause: error });
  }
}

function proxyRefusal({ host }: URL, status: number): HubFailure {
  const why = status === 407 ? "wants a name and password" : `answered ${status}`;
  return new HubFailure("proxy", `the proxy ${host} ${why}`);
}

/**
 * What the proxy itself wants. Beside it goes `auth: null`: else Node would send the name and password in the proxy's
 * address on to the hub, as if they were the hub's.
 */
function proxyAuthorization({ username, password }: URL): Record<string, string> {
  if (username === "" && password === "") return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { "Proxy-Authorization": `Basic ${Buffer.from(pair).toString("base64")}` };
}

/** Server name indication is for names only (RFC 6066, section 3). */
function serverName({ hostname }: URL): { servername?: string } {
  return /^[\d.]+$|^\[/.test(hostname) ? {} : { servername: hostname };
}

function answerOf(url: URL, response: IncomingMessage, watch: Watch): Answer {
  watch.connected = true;
  return {
    url,
    status: response.statusCode ?? 0,
    header(name) {
      const value = response.headers[name.toLowerCase()];
      return Array.isArray(value) ? value[0] : value;
    },
    body: () => decoded(response, arriving(url, response, watch), url.host),
    discard: () => void response.destroy(),
  };
}

/** The bytes as they come, with the clock running only while we wait for them. */
async function* arriving(url: URL, response: IncomingMessage, watch: Watch): AsyncGenerator<Uint8Array> {
  watch.alive();
  try {
    for await (const chunk of response) {
      watch.stop();
      if (chunk instanceof Uint8Array) yield chunk;
      watch.alive();
    }
  } catch (error) {
    throw watch.reason ?? connectionFailure(error, url.host, true);
  } finally {
    watch.stop();
  }
  if (watch.reason !== undefined) throw watch.reason;
  if (!response.complete) throw new HubFailure("cut", `the connection to ${url.host} was cut`);
}

async function* decoded(
  response: IncomingMessage,
  raw: AsyncGenerator<Uint8Array>,
  host: string,
): AsyncGenerator<Uint8Array> {
  const decoder = decoderFor(response.headers["content-encoding"], host);
  if (decoder === undefined) {
    yield* raw;
    return;
  }
  let failure: unknown;
  const unpacked = pipeline(Readable.from(raw), decoder, (error) => {
    failure = error;
  });
  try {
    for await (const chunk of unpacked) if (chunk instanceof Uint8Array) yield chunk;
  } catch (error) {
    if (failure instanceof HubFailure || error instanceof HubFailure) throw error;
    throw new HubFailure("cut", `what ${host} sent packed cannot be unpacked`, { cause: error });
  }
}

function decoderFor(encoding: string | undefined, host: string) {
  switch (encoding?.trim().toLowerCase()) {
    case undefined:
    case "":
    case "identity":
      return undefined;
    case "gzip":
    case "x-gzip":
      return createGunzip();
    case "deflate":
      return createInflate();
    case "br":
      return createBrotliDecompress();
    default:
      throw new HubFailure("server", `${host} packs its answer in a way we do not know (${encoding})`);
  }
}
