import { expect, it } from "vitest";
import { columnsOf, wantsColor } from "./terminal.ts";

it.each([
  [true, {}, true],
  [false, {}, false],
  [true, { NO_COLOR: "1" }, false],
  [true, { NO_COLOR: "" }, true],
  [true, { TERM: "dumb" }, false],
  [false, { FORCE_COLOR: "1" }, true],
  [true, { FORCE_COLOR: "0" }, false],
  [true, { NO_COLOR: "1", FORCE_COLOR: "1" }, false],
])("a terminal (%s) with %j has colour: %s", (isTerminal, env, expected) => {
  expect(wantsColor(isTerminal, env)).toBe(expected);
});

it.each([
  [{ isTTY: true, columns: 120 }, { COLUMNS: "60" }, 120],
  [{ isTTY: true, columns: 0 }, {}, 80],
  [{ isTTY: true, columns: 0 }, { COLUMNS: "60" }, 60],
  [{}, { COLUMNS: "132" }, 132],
  [{}, {}, 80],
  [{}, { COLUMNS: "" }, 80],
  [{}, { COLUMNS: "wide" }, 80],
  [{}, { COLUMNS: "0" }, 80],
  [{}, { COLUMNS: "-5" }, 80],
  [{}, { COLUMNS: "60.5" }, 80],
])("an output %j with %j has %d columns", (stream, env, expected) => {
  expect(columnsOf(stream, env)).toBe(expected);
});
