/**
 * Which proxy a request goes through, from the environment, as curl and Python's tools read it: `https_proxy` or
 * `http_proxy` by the address asked for, else `all_proxy`; `no_proxy` lists what is asked directly. Lower case goes
 * before upper case. Node 20's own `fetch` reads none of them. This machine is asked directly over plain http, as
 * browsers do: a proxy could read the token that only this machine is to get (token.ts).
 *
 * SOCKS is not spoken; a proxy that asks for it is refused by name.
 */
import { BlockList, isIP } from "node:net";
import { AttuneError } from "../base/errors.ts";
import { isLoopback } from "./token.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy for `url`, or undefined where it is asked directly.
 *
 * @throws ERR_HUB_PROXY where the variable holds no address that we can use
 * @example
 * proxyFor(new URL("https://huggingface.co"), { HTTPS_PROXY: "127.0.0.1:7890" }); // http://127.0.0.1:7890/
 */
export function proxyFor(url: URL, env: Environment): URL | undefined {
  if (url.protocol === "http:" && isLoopback(url)) return undefined;
  const own = url.protocol === "https:" ? "https_proxy" : "http_proxy";
  const name = [own, own.toUpperCase(), "all_proxy", "ALL_PROXY"].find((each) => isSet(env[each]));
  if (name === undefined) return undefined;
  const exceptions = [env.no_proxy, env.NO_PROXY].find(isSet) ?? "";
  if (isExempt(url, exceptions)) return undefined;
  return parseProxy(env[name] ?? "", name);
}

function isSet(value: string | undefined): value is string {
  return value !== undefined && value.trim() !== "";
}

function parseProxy(value: string, name: string): URL {
  const text = value.trim();
  const whole = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  const proxy = URL.canParse(whole) ? new URL(whole) : undefined;
  if (proxy !== undefined && ["http:", "https:"].includes(proxy.protocol)) return proxy;
  const socks = proxy?.protocol.startsWith("socks") ?? false;
  throw new AttuneError("ERR_HUB_PROXY", {
    rule: "a proxy must be an http:// or https:// address",
    found: socks ? `${name} names a SOCKS proxy` : `${name} holds no such address`,
    next: socks
      ? "set HTTPS_PROXY to the HTTP port of the same program, such as http://127.0.0.1:7890"
      : `correct ${name}, or unset it`,
  });
}

/** Whether NO_PROXY names the host: "*", a host, a domain with what is below it, an address, a range (CIDR), each also with a port. */
function isExempt(url: URL, exceptions: string): boolean {
  const host = bare(url.hostname);
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  return exceptions
    .split(/[\s,]+/)
    .filter((entry) => entry !== "")
    .some((entry) => {
      if (entry === "*") return true;
      const [, name, entryPort] = /^(\[[^\]]*\]|[^:]*|[^/]*:[^/]*:[^/]*)(?::(\d+))?$/.exec(entry) ?? [];
      if (name === undefined) return inRange(host, entry);
      if (entryPort !== undefined && entryPort !== port) return false;
      return inRange(host, name) || inDomain(host, bare(name));
    });
}

function inDomain(host: string, name: string): boolean {
  const domain = name.replace(/^\*?\./, "").toLowerCase();
  return domain !== "" && (host === domain || (isIP(host) === 0 && host.endsWith(`.${domain}`)));
}

/** Whether an address lies in a range such as 10.0.0.0/8. */
function inRange(host: string, entry: string): boolean {
  const [network, bits, ...more] = bare(entry).split("/");
  const family = isIP(network);
  if (bits === undefined || more.length > 0 || family === 0 || isIP(host) !== family) return false;
  const prefix = Number(bits);
  if (!/^\d+$/.test(bits) || prefix > (family === 4 ? 32 : 128)) return false;
  const type = family === 4 ? "ipv4" : "ipv6";
  const range = new BlockList();
  range.addSubnet(network, prefix, type);
  return range.check(host, type);
}

/** "[::1]" as "::1", in lower case. */
function bare(host: string): string {
  return host.replace(/^\[(.*)\]$/, "$1").toLowerCase();
}
