#!/usr/bin/env node
/**
 * The command `attune`: checks that this Node can run the program, then hands over to src/cli/main.ts.
 *
 * Imports nothing before that check, so that an old Node says something better than a syntax error.
 */

const FLOOR = { major: 20, minor: 19 }; // as "engines" in package.json

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < FLOOR.major || (major === FLOOR.major && minor < FLOOR.minor)) {
  fail(
    `ERR_NODE_VERSION: attune needs Node ${FLOOR.major}.${FLOOR.minor} or newer; this is ${process.version}; see https://nodejs.org`,
  );
} else {
  const entry = new URL("../dist/cli/main.js", import.meta.url);
  const { existsSync } = await import("node:fs");
  if (existsSync(entry)) {
    /** @type {{ main: (argv: readonly string[]) => Promise<number> }} */
    const { main } = await import(entry.href);
    process.exitCode = await main(process.argv.slice(2));
  } else {
    fail(
      "ERR_NOT_BUILT: attune runs from dist/; dist/cli/main.js is missing; run npm ci, or npm run build after it",
    );
  }
}

/** @param {string} message */
function fail(message) {
  console.error(message);
  process.exitCode = 1;
}
