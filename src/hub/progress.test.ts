import { expect, test } from "vitest";
import { type HubProgress, Meter } from "./progress.ts";

function meterAt() {
  let now = 0;
  const seen: HubProgress[] = [];
  const meter = new Meter(
    "a/b",
    () => now,
    (progress) => seen.push(progress),
  );
  return { meter, seen, at: (ms: number) => (now = ms) };
}

test("pace is that of the last seconds, without what was there before", () => {
  const { meter, seen, at } = meterAt();
  meter.expect(
    new Map([
      ["x", 1000],
      ["y", 9000],
    ]),
  );
  meter.arrived("y", 4000); // of an earlier run
  expect(seen.at(-1)).toMatchObject({ bytes: 4000, total: 10_000, bytesPerSecond: 0 });
  expect(seen.at(-1)).not.toHaveProperty("remainingMs");
  at(1000);
  meter.arrived("y", 4500);
  expect(seen.at(-1)).toMatchObject({ bytes: 4500, bytesPerSecond: 500, remainingMs: 11_000 });
  for (let second = 2; second <= 12; second++) {
    at(1000 * second);
    meter.arrived("y", 4500 + 100 * (second - 1));
  }
  expect(seen.at(-1)).toMatchObject({ bytes: 5600, bytesPerSecond: 100 });
  meter.arrived("x", 1000);
  expect(seen.at(-1)).toMatchObject({ file: "x", bytes: 6600 });
});

test("bytes that are thrown away do not make the pace negative", () => {
  const { meter, seen, at } = meterAt();
  meter.expect(new Map([["x", 1000]]));
  meter.arrived("x", 500);
  at(1000);
  meter.arrived("x", 0);
  expect(seen.at(-1)).toMatchObject({ bytes: 0, bytesPerSecond: 0 });
});

test("reports of the same kind come a few times a second; others at once; an unknown size gives no sum", () => {
  const { meter, seen, at } = meterAt();
  meter.expect(new Map([["x", undefined]]));
  for (let ms = 0; ms < 1000; ms++) {
    at(ms);
    meter.arrived("x", ms);
  }
  expect(seen).toHaveLength(5);
  meter.show("checking", "x");
  meter.show("waiting", "x", "why");
  expect(seen.slice(5).map(({ phase }) => phase)).toEqual(["checking", "waiting"]);
  expect(seen[0]).not.toHaveProperty("total");
});
