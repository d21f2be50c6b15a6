/**
 * A request that did not work out, before anybody decides whether to try again or what to tell the user (errors.ts).
 */

/**
 * - `unreachable`: no connection came about
 * - `cut`: it ended in the middle
 * - `stalled`: nothing came for too long
 * - `busy`: the server asks to come back later (429)
 * - `server`: the server has a fault (5xx)
 * - `tls`: its certificate is not trusted
 * - `proxy`: the proxy refuses
 */
export type FailureKind = "unreachable" | "cut" | "stalled" | "busy" | "server" | "tls" | "proxy";

export class HubFailure extends Error {
  readonly kind: FailureKind;
  /** What the server asked to wait. */
  readonly retryAfterMs: number | undefined;

  /** @param message what happened, naming the host and no more of the address: addresses can hold secrets */
  constructor(kind: FailureKind, message: string, rest: { retryAfterMs?: number; cause?: unknown } = {}) {
    super(message, { cause: rest.cause });
    this.name = "HubFailure";
    this.kind = kind;
    this.retryAfterMs = rest.retryAfterMs;
  }
}

/** Whether another try may help by itself. An unreachable host is not waited for, unless it was reached before. */
export function mayPass({ kind }: HubFailure, reachedBefore: boolean): boolean {
  return ["cut", "stalled", "busy", "server"].includes(kind) || (kind === "unreachable" && reachedBefore);
}

/** The failure of a connection, from what Node's sockets throw. */
export function connectionFailure(error: unknown, host: string, connected: boolean): HubFailure {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const message = error instanceof Error ? error.message || code : String(error);
  if (isCertificateError(code, message))
    return new HubFailure("tls", `${host}: ${message}`, { cause: error });
  if (connected)
    return new HubFailure("cut", `the connection to ${host} was cut (${code || message})`, { cause: error });
  return new HubFailure("unreachable", `${host} could not be reached (${code || message})`, { cause: error });
}

function isCertificateError(code: string, message: string): boolean {
  return (
    /^(ERR_TLS_|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|ERR_SSL_)/.test(code) ||
    /self.signed certificate/i.test(message)
  );
}
