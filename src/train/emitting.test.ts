import { expect, test } from "vitest";
import { emitting } from "./emitting.ts";

test("events come in order, then the result", async () => {
  const events = emitting<number, string>(async (emit) => {
    emit(1);
    await Promise.resolve();
    emit(2);
    await new Promise((resolve) => setTimeout(resolve, 5));
    emit(3);
    return "done";
  });
  const seen: unknown[] = [];
  for (;;) {
    const { value, done } = await events.next();
    seen.push(value);
    if (done === true) break;
  }
  expect(seen).toEqual([1, 2, 3, "done"]);
});

test("what it throws comes after its events", async () => {
  const events = emitting<number, never>(async (emit) => {
    emit(1);
    throw new Error("broken");
  });
  expect(await events.next()).toEqual({ value: 1, done: false });
  await expect(events.next()).rejects.toThrow("broken");
});

test("leaving early stops the work and waits for its end", async () => {
  let ended = false;
  const events = emitting<number, void>(async (emit, signal) => {
    emit(1);
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    ended = true;
    throw new Error("nobody hears this");
  });
  for await (const _ of events) break;
  expect(ended).toBe(true);
});
