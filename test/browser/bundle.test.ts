/** What a page downloads of attune: `attune/nn` in under 60 kB. */
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { bundle } from "./bundle.ts";

it("attune/nn without the runtime is under 60 kB gzipped", async () => {
  const runtime = "onnxruntime-web/wasm";
  const chunks = await bundle({
    entries: { nn: "src/entry/nn.browser.ts" },
    minify: true,
    external: [new RegExp(`^${runtime}$`)],
  });
  expect(chunks.map(({ imports, dynamicImports }) => ({ imports, dynamicImports }))).toEqual([
    { imports: [], dynamicImports: [runtime] },
  ]);
  const [{ code, exports }] = chunks;
  expect(exports).toEqual(
    expect.arrayContaining(["Transformer", "Generator", "evaluate", "fit", "gradients"]),
  );
  const bytes = gzipSync(code).length;
  expect(bytes).toBeGreaterThan(20_000); // an empty bundle is no success
  expect(bytes).toBeLessThan(60_000);
});
