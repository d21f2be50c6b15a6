/**
 * Where built files lie. Workers and the vendored runtime exist only in `dist`, also when tests run from `src`:
 * Node 20 cannot start a worker from TypeScript.
 */

/** The URL of a path inside `dist`: `distUrl("runtime/session-worker.js")`. */
export function distUrl(path: string): URL {
  const inSource = import.meta.url.endsWith(".ts");
  return new URL(inSource ? `../../dist/${path}` : `../${path}`, import.meta.url);
}
