/** A site on this machine: the files of a bundle, the runtime's .wasm file and an empty page. */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { bundle } from "./bundle.ts";

/** What a site holds: texts and bytes by path. */
export type Files = Readonly<Record<string, string | Uint8Array>>;

export interface SiteOptions {
  /** Whether its pages are cross-origin isolated, without which a browser gives WASM no threads. */
  readonly isolated: boolean;
  /** Whether a path without a file gets the page and not a 404, as sites of single-page apps do. Default false. */
  readonly fallback?: boolean;
}

export interface Site {
  readonly origin: string;
  readonly close: () => Promise<void>;
}

export const WASM = "/ort-wasm-simd-threaded.wasm";

const PAGE = "/index.html";

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".wasm": "application/wasm",
};

const isolation = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};

/** The tests' page as its author would publish it: its scripts, and beside them ONNX Runtime's module. */
export async function testFiles(): Promise<Files> {
  const entries = { page: "test/browser/page.ts", worker: "test/browser/worker.ts" };
  const chunks = await bundle({ entries });
  return {
    [PAGE]: "<!doctype html><title>attune</title>",
    ...Object.fromEntries(chunks.map(({ fileName, code }) => [`/${fileName}`, code])),
    [WASM]: readFileSync(fileURLToPath(import.meta.resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm"))),
  };
}

/** Serves `files` on a free port. */
export async function serve(files: Files, { isolated, fallback = false }: SiteOptions): Promise<Site> {
  const server = createServer((request, response) => {
    const asked = (request.url ?? "/").replace(/\/$/, PAGE);
    const path = asked in files || !fallback ? asked : PAGE;
    const headers = { ...(isolated ? isolation : {}), "content-type": types[extname(path)] ?? "text/plain" };
    response.writeHead(path in files ? 200 : 404, headers).end(files[path]);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { origin: `http://127.0.0.1:${address.port}`, close };
}
