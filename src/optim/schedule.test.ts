import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { z } from "zod";
import { sharedData } from "../../test/shared-data.ts";
import { constant, linearWarmup, type Schedule } from "./schedule.ts";

const lrs = z.array(z.number());
const Oracles = z.object({
  schedules: z.object({
    base_lr: z.number(),
    tol: z.number(),
    cases: z.object({
      constant: z.object({ lrs }),
      constant_with_warmup: z.object({ lrs, args: z.object({ num_warmup_steps: z.number() }) }),
      linear_with_warmup: z.object({
        lrs,
        args: z.object({ num_warmup_steps: z.number(), num_training_steps: z.number() }),
      }),
    }),
  }),
});

const steps = Array.from({ length: 10 }, (_, step) => step);

test("warm-up from 0, then linear decay to 0 and no further", () => {
  const schedule = linearWarmup({ lr: 10, warmupSteps: 2, totalSteps: 10 });
  expect(steps.map(schedule)).toEqual([0, 5, 10, 8.75, 7.5, 6.25, 5, 3.75, 2.5, 1.25]);
  expect([10, 11, 1000].map(schedule)).toEqual([0, 0, 0]);
});

test("without warm-up the first step has the full rate", () => {
  expect([0, 1, 2].map(linearWarmup({ lr: 3, warmupSteps: 0, totalSteps: 3 }))).toEqual([3, 2, 1]);
  expect([0, 1, 1e9].map(constant({ lr: 3 }))).toEqual([3, 3, 3]);
});

test("all warm-up reaches the full rate nowhere", () => {
  expect([0, 1, 2, 3].map(linearWarmup({ lr: 3, warmupSteps: 3, totalSteps: 3 }))).toEqual([0, 1, 2, 0]);
});

test("the oracles of transformers", (context) => {
  const path = sharedData(context, "oracles/optimizer_schedules.json");
  const { base_lr: lr, tol, cases } = Oracles.parse(JSON.parse(readFileSync(path, "utf8"))).schedules;
  const ours: Record<keyof typeof cases, Schedule> = {
    constant: constant({ lr }),
    constant_with_warmup: constant({ lr, warmupSteps: cases.constant_with_warmup.args.num_warmup_steps }),
    linear_with_warmup: linearWarmup({
      lr,
      warmupSteps: cases.linear_with_warmup.args.num_warmup_steps,
      totalSteps: cases.linear_with_warmup.args.num_training_steps,
    }),
  };
  for (const name of ["constant", "constant_with_warmup", "linear_with_warmup"] as const) {
    const errors = cases[name].lrs.map((rate, step) => Math.abs(ours[name](step) - rate));
    expect(errors).toHaveLength(10);
    expect(Math.max(...errors)).toBeLessThanOrEqual(tol);
  }
});

test("arguments out of range are refused", () => {
  const linear = (lr: number, warmupSteps: number, totalSteps: number) => () =>
    linearWarmup({ lr, warmupSteps, totalSteps });
  expect(linear(-1, 0, 1)).toThrow("ERR_SCHEDULE: lr must be a finite number, at least 0; found -1;");
  expect(linear(1, 0, 1.5)).toThrow("totalSteps must be a whole number at least 0; found 1.5;");
  expect(linear(1, 11, 10)).toThrow("warmupSteps must be a whole number in 0..10 (totalSteps); found 11;");
  expect(() => constant({ lr: NaN })).toThrow("lr must be");
  expect(() => constant({ lr: 1, warmupSteps: -1 })).toThrow(
    "warmupSteps must be a whole number at least 0; found -1;",
  );
});
