/**
 * Fails when package-lock.json lacks an entry for an optional dependency of a package that it locks.
 *
 * npm leaves such entries out in silence when the registry had no matching version at the time, usually a
 * platform's binary. `npm ci` then stops with "Missing: X from lock file", or that platform gets no binary.
 *
 * Does not check versions or integrity: `npm ci` does.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/**
 * @typedef {{ version?: string, optionalDependencies?: Record<string, string> }} LockedPackage
 * @typedef {Record<string, LockedPackage>} LockedPackages by location: "" (the root), "node_modules/a", ...
 */

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const file = process.argv[2] ?? fileURLToPath(new URL("../package-lock.json", import.meta.url));
  /** @type {{ packages: LockedPackages }} */
  const { packages } = JSON.parse(readFileSync(file, "utf8"));
  const missing = missingEntries(packages);
  for (const entry of missing) console.error(`package-lock.json: no entry for ${entry}`);
  if (missing.length === 0) console.log(`lockfile: ${Object.keys(packages).length} entries, none missing`);
  else {
    console.error(
      "pin each package that wants one to a version whose platform packages are all published (or set it under " +
        "overrides), delete package-lock.json and node_modules, run npm install, then this check again",
    );
    process.exitCode = 1;
  }
}

/**
 * "X@range, wanted by Y@version" for each optional dependency without an entry, in the lockfile's order.
 *
 * @param {LockedPackages} packages the `packages` of a lockfile of version 2 or 3
 * @returns {string[]} empty when nothing is missing
 */
export function missingEntries(packages) {
  return Object.entries(packages).flatMap(([location, locked]) =>
    Object.entries(locked.optionalDependencies ?? {})
      .filter(([name]) => !isLocked(name, location, packages))
      .map(
        ([name, range]) =>
          `${name}@${range}, wanted by ${location || "package.json"}@${locked.version ?? "?"}`,
      ),
  );
}

/**
 * Whether Node would find `name` from the package at `location`: in its node_modules or in one further out.
 *
 * @param {string} name
 * @param {string} location "node_modules/a/node_modules/b", or "" for the root
 * @param {LockedPackages} packages
 * @returns {boolean}
 */
function isLocked(name, location, packages) {
  if (location === "") return `node_modules/${name}` in packages;
  const outer = location.slice(0, Math.max(0, location.lastIndexOf("/node_modules/")));
  return `${location}/node_modules/${name}` in packages || isLocked(name, outer, packages);
}
