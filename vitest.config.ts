import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // built files run as Node runs them: vitest would rewrite the imports of the vendored runtime
    server: { deps: { external: [/\/dist\//] } },
  },
});
