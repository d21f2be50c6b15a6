/** What the tests' page imports: the cases over `attune/nn` of a browser, computed here or in a worker. */
import { errorCode } from "../../src/base/errors.ts";
import * as nn from "../../src/entry/nn.browser.ts";
import type { Values } from "./case.ts";
import { cases } from "./cases.ts";
import { once } from "./once.ts";

type Results = Readonly<Record<string, Values>>;

/** What the worker says of a case. */
export type Answer = { readonly results: Results } | { readonly error: string };

const worker = once(() => new Worker("/worker.js", { type: "module" }));

/** The numbers of one case. */
export function run(name: string): Promise<Results> {
  return cases[name](nn);
}

/** The same in a worker, which loads this module once more. */
export function runInWorker(name: string): Promise<Results> {
  const { port1, port2 } = new MessageChannel();
  return new Promise<Results>((resolve, reject) => {
    worker().addEventListener("error", ({ message }) => reject(new Error(message)), { once: true });
    port1.addEventListener("message", ({ data }: MessageEvent<Answer>) => {
      if ("results" in data) resolve(data.results);
      else reject(new Error(data.error));
    });
    port1.start();
    worker().postMessage(name, [port2]);
  }).finally(() => port1.close());
}

/** How one number fails to be computed; undefined where it does not fail. */
export async function failure(): Promise<{ readonly code?: string; readonly message: string } | undefined> {
  try {
    await nn.evaluate(nn.add(nn.scalar(1), nn.scalar(2)));
    return undefined;
  } catch (error) {
    const code = errorCode(error);
    return { ...(code === undefined ? {} : { code }), message: String(error) };
  }
}
