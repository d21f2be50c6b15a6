import { expect, it } from "vitest";
import { missingEntries } from "../scripts/check-lockfile.js";

it("names the optional dependencies without an entry", () => {
  const packages = {
    "": { version: "1.0.0", optionalDependencies: { own: "^1.0.0" } },
    "node_modules/lint": {
      version: "2.0.0",
      optionalDependencies: { "@lint/linux": "2.0.0", "@lint/mac": "2.0.0", nested: "1", own: "*" },
    },
    "node_modules/@lint/linux": { version: "2.0.0" },
    "node_modules/lint/node_modules/nested": {
      version: "1.0.0",
      optionalDependencies: { "@lint/linux": "*", far: "3" },
    },
    "node_modules/other/node_modules/far": { version: "3.0.0" },
  };
  expect(missingEntries(packages)).toEqual([
    "own@^1.0.0, wanted by package.json@1.0.0",
    "@lint/mac@2.0.0, wanted by node_modules/lint@2.0.0",
    "own@*, wanted by node_modules/lint@2.0.0",
    "far@3, wanted by node_modules/lint/node_modules/nested@1.0.0",
  ]);
});

it("finds an entry in the package's own folder, in one further out and at the top", () => {
  const wants = { optionalDependencies: { x: "1" } };
  for (const place of [
    "node_modules/a/node_modules/b/node_modules/x",
    "node_modules/a/node_modules/x",
    "node_modules/x",
  ]) {
    expect(missingEntries({ "node_modules/a/node_modules/b": wants, [place]: {} })).toEqual([]);
  }
});
