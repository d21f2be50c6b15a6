import { describe, expect, test } from "vitest";
import { FakeTerminal } from "../../test/fake-cli.ts";
import type { HubProgress } from "../hub/index.ts";
import { downloadState, locateModel } from "./locate-model.ts";

const MB = 1e6;
const state: HubProgress = {
  id: "ada/bert",
  phase: "downloading",
  file: "model.safetensors",
  bytes: 100 * MB,
  total: 400 * MB,
  bytesPerSecond: 5 * MB,
  remainingMs: 60_000,
};

describe("a download on the screen", () => {
  test("tells what, how much, how fast and how long", () => {
    expect(downloadState(state)).toEqual({
      label: "downloading ada/bert",
      details: ["100 MB of 400 MB", "5.0 MB/s", "model.safetensors"],
      done: 100 * MB,
      total: 400 * MB,
      remainingMs: 60_000,
    });
    const waiting: HubProgress = { id: "a/b", phase: "waiting", why: "busy", bytes: 0, bytesPerSecond: 0 };
    expect(downloadState(waiting)).toEqual({ label: "waiting: busy" });
    expect(downloadState({ ...waiting, phase: "asking" })).toEqual({ label: "asking the hub for a/b" });
    expect(downloadState({ ...waiting, phase: "checking" })).toMatchObject({ label: "checking a/b" });
  });

  test("is drawn after half a second, and taken away", async () => {
    const terminal = new FakeTerminal({ isTerminal: true, columns: 100 });
    const place = await locateModel(
      {
        terminal,
        locateModel: async (_, { onProgress }) => {
          onProgress?.(state);
          expect(terminal.err).toBe("");
          terminal.clockMs = 600;
          onProgress?.({ ...state, phase: "checking" });
          return { folder: "x" };
        },
      },
      "ada/bert",
    );
    expect(place).toEqual({ folder: "x" });
    expect(terminal.err).toContain("checking ada/bert");
    expect(terminal.err.endsWith("\r\u001b[K")).toBe(true);
    expect(terminal.interrupt()).toBe(false); // Ctrl-C has its usual meaning again
  });

  test("is stopped by Ctrl-C", async () => {
    const terminal = new FakeTerminal();
    const located = locateModel(
      {
        terminal,
        locateModel: async (_, { signal }) => {
          terminal.interrupt();
          signal?.throwIfAborted();
          return { folder: "x" };
        },
      },
      "ada/bert",
    );
    await expect(located).rejects.toThrow("aborted");
    expect(terminal.interrupt()).toBe(false);
  });
});

test("a copy that could not be compared with the hub's is used with a note", async () => {
  const terminal = new FakeTerminal();
  const hub = { id: "ada/bert", revision: "main", commit: "0123456789".repeat(4), unasked: "it is down" };
  await locateModel({ terminal, locateModel: async () => ({ folder: "x", hub }) }, "ada/bert");
  expect(terminal.err).toBe(
    "note: the hub could not be asked whether ada/bert has changed (it is down); the cache's copy is used, commit 01234567\n",
  );
});
