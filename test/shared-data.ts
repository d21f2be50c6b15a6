/**
 * Where tests find optional things: the shared data folder and components that a plain clone may lack.
 *
 * A missing component skips the test with a message, except under ATTUNE_REQUIRE=all (CI), where it fails.
 */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { TestContext } from "vitest";

const folder = process.env.ATTUNE_SHARED_DATA ?? fileURLToPath(new URL("../../shared/data", import.meta.url));

/** The path of `name` inside the shared data folder; skips the running test where the folder is absent. */
export function sharedData(context: TestContext, name: string): string {
  const path = `${folder}/${name}`;
  if (!existsSync(path)) context.skip(`shared data is absent: ${name}`);
  return path;
}

/** Skips the running test when `present` is false, or fails it when everything is required to be there. */
export function requireOrSkip(context: TestContext, component: string, present: boolean): void {
  if (present) return;
  if (process.env.ATTUNE_REQUIRE === "all")
    throw new Error(`ATTUNE_REQUIRE=all, but ${component} is not installed`);
  context.skip(`${component} is not installed`);
}
