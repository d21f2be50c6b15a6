import { expect, test } from "vitest";
import { FakeTerminal } from "../../test/fake-cli.ts";
import { AttuneError } from "../base/errors.ts";
import { outcome, UsageError } from "./outcome.ts";

/** What standard error shows of an error. */
async function shown(error: Error, env: Record<string, string> = {}): Promise<string> {
  const terminal = new FakeTerminal({ env });
  await outcome({ terminal }, "human", () => Promise.reject(error));
  return terminal.err;
}

const hostile = "w\u001b[2J\r\nall is well\u009b1A\u202e";
const quoting = (found: string) =>
  new AttuneError("ERR_PICKLE_REFUSED", { rule: "a rule", found, next: "do  this", file: "a\u3000b.bin" });

test("what a message quotes from a file moves no cursor and begins no line", async () => {
  expect(await shown(quoting(hostile))).toBe(
    "ERR_PICKLE_REFUSED: a rule; w\ufffd[2J all is well\ufffd1A\ufffd (a\u3000b.bin); do  this\n",
  );
  const debug = await shown(quoting(hostile), { ATTUNE_DEBUG: "1" });
  expect(debug).toMatch(/\n {4}at /);
  for (const control of ["\u001b", "\u009b", "\r"]) expect(debug).not.toContain(control);
});

test("messages that have several lines keep them", async () => {
  expect(await shown(new Error("one\n  two\u0007"))).toBe("one\n  two\ufffd\n");
  expect(await shown(new UsageError("one\ntwo"))).toBe("error: one\ntwo\n");
});
