/**
 * Bundles the example with Rolldown and serves it, cross-origin isolated, so that ONNX Runtime may use threads:
 *
 *     npm run build
 *     node --import ./scripts/typescript.js examples/browser/serve.ts
 *
 * then open the address that it prints. PORT chooses another port than 8000. Ctrl-C ends it.
 */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url));
const types = new Map([
  [".html", "text/html"],
  [".js", "text/javascript"],
  [".wasm", "application/wasm"],
]);

const build = await rolldown({ input: here("worker.ts"), platform: "browser" });
const { output } = await build.generate({ format: "esm", minify: true });
const files = new Map<string, string | Uint8Array>([
  ["/", readFileSync(here("index.html"))],
  ...output.map((file) => [`/${file.fileName}`, file.type === "chunk" ? file.code : file.source] as const),
]);
const wasm = "ort-wasm-simd-threaded.wasm";
files.set(`/${wasm}`, readFileSync(fileURLToPath(import.meta.resolve(`onnxruntime-web/${wasm}`))));

const server = createServer(({ url = "/" }, response) => {
  response.setHeader("cross-origin-opener-policy", "same-origin");
  response.setHeader("cross-origin-embedder-policy", "require-corp");
  response.setHeader("content-type", types.get(extname(url)) ?? "text/html");
  response.writeHead(files.has(url) ? 200 : 404).end(files.get(url));
});
server.listen(Number(process.env.PORT ?? 8000), "127.0.0.1", () => {
  const address = server.address();
  if (typeof address === "object") console.log(`http://localhost:${address?.port}`);
});
