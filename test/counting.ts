/** A runtime that counts its open sessions, for tests of who frees them. */
import type { Backend } from "../src/runtime/session.ts";

export interface CountingOptions {
  /** How many sessions it opens before it refuses. Default any number. */
  readonly sessions?: number;
  /** Whether the first session fails when it is disposed of, after it has been freed. Default false. */
  readonly failsToClose?: boolean;
}

export function counting(
  inner: Backend,
  { sessions = Number.POSITIVE_INFINITY, failsToClose = false }: CountingOptions = {},
): { readonly counted: Backend; readonly open: () => number } {
  let [open, opened] = [0, 0];
  const createSession: Backend["createSession"] = async (model, options) => {
    if (opened === sessions) throw new Error("no more sessions");
    const session = await inner.createSession(model, options);
    open += 1;
    const nth = ++opened;
    return {
      device: session.device,
      run: (given, into) => session.run(given, into),
      dispose: async () => {
        open -= 1;
        await session.dispose();
        if (failsToClose && nth === 1) throw new Error("cannot be closed");
      },
    };
  };
  return { counted: { device: inner.device, version: inner.version, createSession }, open: () => open };
}
