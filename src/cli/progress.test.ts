import fc from "fast-check";
import pico from "picocolors";
import { afterEach, describe, expect, it, vi } from "vitest";
import { FakeTerminal } from "../../test/fake-cli.ts";
import { mixedText } from "../../test/mixed-text.ts";
import { formatProgress, Progress } from "./progress.ts";
import { stringWidth } from "./width.ts";

const colors = pico.createColors(false);
const ERASE = "\r\u001b[K";

afterEach(() => {
  vi.useRealTimers();
});

describe("formatProgress", () => {
  const step = {
    label: "epoch 3/30",
    details: ["loss 0.3121", "41.2k tokens/s"],
    done: 42,
    total: 100,
    remainingMs: 12_000,
  };

  it("shows share, label, details and the time left", () => {
    expect(formatProgress(step, 0, 77, colors)).toBe(
      " 42% ━━━━━━━──────────  epoch 3/30 · loss 0.3121 · 41.2k tokens/s · 0:12 left",
    );
  });

  it("lets details go where there is no room, and the bar last", () => {
    expect(formatProgress(step, 0, 55, colors)).toBe(
      " 42% ━━━━━───────  epoch 3/30 · loss 0.3121 · 0:12 left",
    );
    expect(formatProgress(step, 0, 40, colors)).toBe(" 42% ━━━━━──────  epoch 3/30 · 0:12 left");
    expect(formatProgress(step, 0, 20, colors)).toBe("42% epoch 3/30");
  });

  it("estimates the time left from the pace so far", () => {
    expect(formatProgress({ label: "evaluating", done: 1, total: 4 }, 20_000, 60, colors)).toContain(
      "1:00 left",
    );
    expect(formatProgress({ label: "evaluating", done: 0, total: 4 }, 20_000, 60, colors)).not.toContain(
      "left",
    );
  });

  it("shows the time passed where the end is not known", () => {
    expect(formatProgress({ label: "reading the data", details: ["9 rows"] }, 7_000, 60, colors)).toBe(
      "reading the data · 9 rows · 0:07",
    );
  });

  it("is never wider than asked", () => {
    const total = fc.option(fc.integer({ min: 0, max: 1000 }), { nil: undefined });
    fc.assert(
      fc.property(
        mixedText,
        fc.array(mixedText),
        total,
        fc.nat(1000),
        fc.nat(120),
        (label, details, all, done, width) => {
          const line = formatProgress({ label, details, done, total: all }, 1000, width, colors);
          expect(stringWidth(line)).toBeLessThanOrEqual(width);
        },
      ),
    );
  });
});

describe("Progress", () => {
  it("draws on standard error, at most ten times a second, and leaves nothing behind", () => {
    const terminal = new FakeTerminal({ isTerminal: true });
    const progress = new Progress(terminal);
    progress.update({ label: "a", done: 1, total: 9 });
    terminal.clockMs = 99;
    progress.update({ label: "a", done: 2, total: 9 });
    terminal.clockMs = 100;
    progress.update({ label: "a", done: 3, total: 9 });
    expect(terminal.err.split(ERASE).map((line) => line.slice(0, 4))).toEqual(["", " 11%", " 33%"]);
    progress.close();
    expect(terminal.err.endsWith(ERASE)).toBe(true);
    progress.update({ label: "late" });
    expect(terminal.err.endsWith(ERASE)).toBe(true);
    expect(terminal.out).toBe("");
  });

  it("steps aside for lines that stay", () => {
    const terminal = new FakeTerminal({ isTerminal: true });
    const progress = new Progress(terminal);
    progress.update({ label: "a" });
    terminal.err = "";
    progress.above(() => terminal.stderr.write("note\n"));
    expect(terminal.err).toBe(`${ERASE}note\n${ERASE}a · 0:00`);
    progress.close();
  });

  it("goes on by itself while nothing is reported", () => {
    vi.useFakeTimers();
    const terminal = new FakeTerminal({ isTerminal: true });
    const progress = new Progress(terminal);
    progress.update({ label: "learning" });
    terminal.clockMs = 3000;
    vi.advanceTimersByTime(1000);
    expect(terminal.err.endsWith("learning · 0:03")).toBe(true);
    progress.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("says nothing of work that is soon done, and nothing at all outside a terminal", () => {
    const terminal = new FakeTerminal({ isTerminal: true });
    const soon = new Progress(terminal, { delayMs: 500 });
    terminal.clockMs = 499;
    soon.update({ label: "a" });
    soon.close();
    expect(terminal.err).toBe("");

    const file = new FakeTerminal();
    const never = new Progress(file);
    never.update({ label: "a", done: 1, total: 2 });
    never.above(() => file.stderr.write("line\n"));
    never.close();
    expect(file.err).toBe("line\n");
  });
});
