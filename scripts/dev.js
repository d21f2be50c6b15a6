/**
 * `npm run dev`: keeps dist/ compiled and reruns the tests that a change touches, until Ctrl-C.
 *
 * Arguments go to the test runner: `npm run dev -- src/text`. Does not refresh the WebAssembly runtime in dist/:
 * `npm run build` does, once, before.
 */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

// TypeScript 6, not the native 7: its watcher is one process that ends when told to, also on Windows
const programs = [
  ["node_modules/typescript/bin/tsc6", "-p", "tsconfig.build.json", "--watch", "--preserveWatchOutput"],
  ["node_modules/vitest/vitest.mjs", "watch", ...process.argv.slice(2)],
].map((command) => spawn(process.execPath, command, { cwd: root, stdio: "inherit" }));

// the terminal sends Ctrl-C to all three; when one ends by itself, or by its own key ("q"), the rest follow
for (const program of programs) {
  program.on("exit", () => {
    for (const other of programs) other.kill();
  });
}
process.on("SIGINT", () => undefined);
