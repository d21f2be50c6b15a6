/**
 * `attune/nn` in headless Chromium gives the numbers of the native runtime in Node, tensor by tensor to 1e-5 of its
 * largest: each case in a page with one thread, in a page with threads, and in a worker.
 */
import { readdirSync, readFileSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import type { TestContext } from "vitest";
import { afterAll, describe, expect, it } from "vitest";
import { evaluate, loadBackend } from "../../src/entry/nn.ts";
import * as modules from "../../src/nn/modules.ts";
import type { Tensors } from "../../src/runtime/index.ts";
import { backendOrSkip } from "../runtimes.ts";
import { expectGolden } from "../transformer/compare.ts";
import type { Values } from "./case.ts";
import { cases } from "./cases.ts";
import { launch, open, requireChromium } from "./chromium.ts";
import { once } from "./once.ts";
import { serve, testFiles } from "./site.ts";

type Results = Readonly<Record<string, Values>>;

const closing: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

const files = once(testFiles);
const browser = once(async (): Promise<Browser> => {
  const launched = await launch();
  closing.push(() => launched.close());
  return launched;
});
const inNode = new Map(
  Object.entries(cases).map(([name, make]) => [name, once(() => make({ evaluate, loadBackend }))]),
);

describe.each([
  { where: "a page", isolated: false, call: "run", workers: () => 0 },
  { where: "a page with threads", isolated: true, call: "run", workers: (cores: number) => cores - 1 },
  { where: "a worker", isolated: false, call: "runInWorker", workers: () => 1 },
])("in $where", ({ isolated, call, workers }) => {
  const site = once(async () => {
    const served = await serve(await files(), { isolated });
    closing.push(served.close);
    return served;
  });
  const tab = once(async () => open(await browser(), (await site()).origin));

  it.for([...inNode])("%s", async ([name, expected], context) => {
    await requireBoth(context);
    const { page } = await tab();
    const found = await compute(page, call, name);
    expectGolden(tensorsOf(found), new Map(Object.entries(tensorsOf(await expected()))));
  });

  it("has threads where it may, and asks no other server", async (context) => {
    await requireBoth(context);
    const { page, requests } = await tab();
    await compute(page, call, "linear");
    const cores = Number(await page.evaluate("navigator.hardwareConcurrency"));
    expect(await page.evaluate("crossOriginIsolated")).toBe(isolated);
    expect(page.workers()).toHaveLength(workers(cores)); // one of the threads is the page's own
    const { origin } = await site();
    expect(requests).toContain(`${origin}/ort-wasm-simd-threaded.wasm`);
    expect(requests.filter((url) => !url.startsWith(`${origin}/`))).toEqual([]);
  });
});

it("every module of attune/nn is in a case", () => {
  const folder = new URL("./", import.meta.url);
  const sources = readdirSync(folder)
    .filter((file) => file.endsWith("-cases.ts"))
    .map((file) => readFileSync(new URL(file, folder), "utf8"));
  const names = Object.keys(modules);
  expect(names).toContain("Transformer");
  expect(names.filter((name) => !sources.join("\n").includes(`new ${name}(`))).toEqual([]);
});

/** Chromium, and the runtime that it is compared with. */
async function requireBoth(context: TestContext): Promise<void> {
  requireChromium(context);
  await backendOrSkip(context, "native");
}

/** The numbers of a case in the page. */
function compute(page: Page, call: string, name: string): Promise<Results> {
  return page.evaluate(`import("/page.js").then((page) => page.${call}(${JSON.stringify(name)}))`);
}

function tensorsOf(results: Results): Tensors {
  return Object.fromEntries(
    Object.entries(results).map(([name, { shape, values }]) => [
      name,
      { dtype: "float32", shape, data: Float32Array.from(values) },
    ]),
  );
}
