/**
 * A forward proxy on this machine: whole addresses for http, CONNECT for https (RFC 9110, sections 7.4 and 9.3.6). Over
 * http it knows the way to names under .test, which are all this machine.
 */
import { createServer, request } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { afterAll } from "vitest";

export interface FakeProxy {
  readonly address: string;
  /** What went through: "GET http://host/path" or "CONNECT host:port". */
  readonly passed: string[];
  /** The Proxy-Authorization of each. */
  readonly credentials: (string | undefined)[];
  /** Wanted Proxy-Authorization; default: none is asked for. */
  wants: string | undefined;
}

export async function startProxy(): Promise<FakeProxy> {
  const open = new Set<Socket>();
  const state = {
    address: "",
    passed: [] as string[],
    credentials: [] as (string | undefined)[],
    wants: undefined,
  };
  const proxy: FakeProxy = state;
  const admits = (headers: Record<string, unknown>): boolean => {
    const given = headers["proxy-authorization"] as string | undefined;
    proxy.credentials.push(given);
    return proxy.wants === undefined || given === proxy.wants;
  };
  const server = createServer((incoming, response) => {
    proxy.passed.push(`${incoming.method} ${incoming.url}`);
    if (!admits(incoming.headers)) return void response.writeHead(407).end();
    const { "proxy-authorization": _, ...headers } = incoming.headers;
    const target = new URL(incoming.url ?? "");
    if (target.hostname.endsWith(".test")) target.hostname = "127.0.0.1";
    const onward = request(target, { method: incoming.method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on("error", () => response.writeHead(502).end());
    return void incoming.pipe(onward);
  });
  server.on("connect", (incoming, socket: Socket) => {
    proxy.passed.push(`CONNECT ${incoming.url}`);
    if (!admits(incoming.headers))
      return void socket.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
    const [host, port] = (incoming.url ?? "").split(":");
    const onward = connect(Number(port), host, () => {
      socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      onward.pipe(socket).pipe(onward);
    });
    for (const each of [socket, onward]) each.on("error", () => undefined);
    onward.on("error", () => socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n"));
    open.add(onward).add(socket);
    return undefined;
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  state.address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  afterAll(async () => {
    for (const socket of open) socket.destroy();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return proxy;
}
