/** A page that lacks a part of the runtime says which, by `ERR_RUNTIME_MISSING`, and says it again when asked again. */
import { afterAll, expect, it } from "vitest";
import type { Page } from "playwright-core";
import { launch, open, requireChromium } from "./chromium.ts";
import { once } from "./once.ts";
import type { Files, SiteOptions } from "./site.ts";
import { serve, testFiles, WASM } from "./site.ts";

const closing: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

const files = once(testFiles);
const browser = once(async () => {
  const launched = await launch();
  closing.push(() => launched.close());
  return launched;
});

/** A page of a site that holds some of the files. */
async function pageOf(keeps: (path: string) => boolean, options: Partial<SiteOptions> = {}): Promise<Page> {
  const kept: Files = Object.fromEntries(Object.entries(await files()).filter(([path]) => keeps(path)));
  const site = await serve(kept, { isolated: false, ...options });
  closing.push(site.close);
  return (await open(await browser(), site.origin)).page;
}

const failureIn = (page: Page): Promise<unknown> =>
  page.evaluate('import("/page.js").then((page) => page.failure())');

const wasmMissing = {
  code: "ERR_RUNTIME_MISSING",
  message: expect.stringMatching(
    /ONNX Runtime must be able to load its \.wasm file; .+; serve onnxruntime-web\/dist\/ort-wasm-simd-threaded\.wasm/,
  ),
};

it.for<{ how: string; options: Partial<SiteOptions> }>([
  { how: "is not there", options: {} },
  { how: "is not there, for threads", options: { isolated: true } },
  { how: "is answered with a page", options: { fallback: true } },
])("a .wasm file that $how", async ({ options }, context) => {
  requireChromium(context);
  const page = await pageOf((path) => path !== WASM, options);
  expect(await failureIn(page)).toEqual(wasmMissing);
  expect(await failureIn(page)).toEqual(wasmMissing);
});

it("a script that is not there", async (context) => {
  requireChromium(context);
  const page = await pageOf((path) => !path.startsWith("/ort.wasm"));
  expect(await failureIn(page)).toEqual({
    code: "ERR_RUNTIME_MISSING",
    message: expect.stringMatching(
      /a browser needs the package onnxruntime-web; .+; npm install onnxruntime-web/,
    ),
  });
});

it("nothing missing", async (context) => {
  requireChromium(context);
  expect(await failureIn(await pageOf(() => true))).toBeUndefined();
});
