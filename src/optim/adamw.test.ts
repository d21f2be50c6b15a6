import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { z } from "zod";
import { sharedData } from "../../test/shared-data.ts";
import { AdamW, type AdamWOptions, type ParameterSlot } from "./adamw.ts";
import { Arena, arenaBytes } from "./arena.ts";
import { clipCoefficient, gradientNorm } from "./clip.ts";
import { createKernels, type Kernels } from "./kernels.ts";
import { linearWarmup } from "./schedule.ts";

const numbers = z.array(z.number());

/** See fixtures/adamw/generate.py. */
const golden = z
  .object({
    options: z.object({ betas: z.tuple([z.number(), z.number()]), eps: z.number(), weightDecay: z.number() }),
    schedule: z.object({ lr: z.number(), warmupSteps: z.number(), totalSteps: z.number() }),
    maxNorm: z.number(),
    accumulated: z.number(),
    slots: z.array(z.object({ name: z.string(), decay: z.boolean(), initialTimes1024: numbers })),
    gradientsTimes1024: z.array(z.array(numbers)),
    lrs: numbers,
    norms: numbers,
    valuesAfter: z.record(z.string(), z.array(numbers)),
    moments: z.array(z.object({ m: numbers, v: numbers })),
  })
  .parse(JSON.parse(readFileSync(new URL("../../fixtures/adamw/golden.json", import.meta.url), "utf8")));

/** What the oracle file of transformers says about Adam. */
const Oracles = z.object({
  adam: z.array(
    z.object({
      optimizer: z.string(),
      lr: z.number(),
      weight_decay: z.number(),
      steps: z.number(),
      tol: z.number(),
      w0: numbers,
      target: numbers,
    }),
  ),
});

interface Setup {
  readonly kernels: Kernels;
  readonly arena: Arena;
  readonly slots: ParameterSlot[];
  readonly optimizer: AdamW;
}

async function setUp(
  parameters: readonly {
    readonly name: string;
    readonly decay: boolean;
    readonly values: readonly number[];
  }[],
  options?: AdamWOptions,
): Promise<Setup> {
  const arena = new Arena(
    arenaBytes(parameters.flatMap(({ values: { length } }) => [length, length, length, length])),
  );
  const slots = parameters.map(({ name, decay, values }) => {
    const slot = {
      name,
      decay,
      values: arena.float32(values.length),
      gradient: arena.float32(values.length),
    };
    slot.values.array.set(values);
    return slot;
  });
  const kernels = await createKernels(arena.memory);
  return { kernels, arena, slots, optimizer: new AdamW(kernels, arena, slots, options) };
}

const setUpGolden = () =>
  setUp(
    golden.slots.map(({ name, decay, initialTimes1024 }) => ({
      name,
      decay,
      values: initialTimes1024.map((value) => value / 1024),
    })),
    golden.options,
  );

/** Steps `from`..`to` - 1 of the golden run, clipped and scheduled; gives lr and norm of each. */
function runGolden(
  { kernels, slots, optimizer }: Setup,
  from: number,
  to: number,
): { lr: number; norm: number }[] {
  const schedule = linearWarmup(golden.schedule);
  return golden.gradientsTimes1024.slice(from, to).map((gradients) => {
    slots.forEach(({ gradient }, i) => gradient.array.set(gradients[i].map((value) => value / 1024)));
    const norm = gradientNorm(kernels, slots) / golden.accumulated;
    const lr = schedule(optimizer.stepCount);
    optimizer.step({ lr, gradScale: clipCoefficient(norm, golden.maxNorm) / golden.accumulated });
    return { lr, norm };
  });
}

/** Largest difference over the largest expected size. */
function relativeError(found: Float32Array, expected: readonly number[]): number {
  expect(found).toHaveLength(expected.length);
  const size = Math.max(...expected.map(Math.abs));
  return Math.max(...expected.map((value, i) => Math.abs(found[i] - value))) / size;
}

test("20 clipped and scheduled steps equal PyTorch in float64", async () => {
  const setup = await setUpGolden();
  const steps: { lr: number; norm: number }[] = [];
  for (const [done, values] of Object.entries(golden.valuesAfter)) {
    steps.push(...runGolden(setup, steps.length, Number(done)));
    setup.slots.forEach((slot, i) => expect(relativeError(slot.values.array, values[i])).toBeLessThan(5e-7));
  }
  expect(steps).toHaveLength(20);
  steps.forEach(({ lr, norm }, step) => {
    expect(lr).toBeCloseTo(golden.lrs[step], 15);
    expect(Math.abs(norm / golden.norms[step] - 1)).toBeLessThan(1e-7);
  });
  setup.optimizer.state().moments.forEach(({ name, m, v }, i) => {
    expect(name).toBe(golden.slots[i].name);
    expect(relativeError(m, golden.moments[i].m)).toBeLessThan(5e-7);
    expect(relativeError(v, golden.moments[i].v)).toBeLessThan(5e-7);
  });
});

test("a run continued from a copy of its state gives the same bits as the unbroken one", async () => {
  const unbroken = await setUpGolden();
  runGolden(unbroken, 0, 20);

  const first = await setUpGolden();
  runGolden(first, 0, 11);
  const second = await setUpGolden();
  second.slots.forEach(({ values }, i) => values.array.set(first.slots[i].values.array));
  second.optimizer.load({
    stepCount: first.optimizer.stepCount,
    moments: [...first.optimizer.state().moments].reverse(),
  });
  runGolden(second, 11, 20);
  expect(second.optimizer.stepCount).toBe(20);
  expect(second.slots.map(({ values }) => values.array)).toEqual(
    unbroken.slots.map(({ values }) => values.array),
  );
  expect(second.optimizer.state()).toEqual(unbroken.optimizer.state());
});

test("the AdamW oracle of transformers converges to its target", async (context) => {
  const path = sharedData(context, "oracles/optimizer_schedules.json");
  // The other two are other optimizers: Adam without bias correction, and Adafactor.
  const oracle = Oracles.parse(JSON.parse(readFileSync(path, "utf8"))).adam.find(
    ({ optimizer }) => optimizer === "AdamW",
  );
  if (oracle === undefined) throw new Error("the oracle of AdamW is gone");
  const { w0, target, lr, steps, tol, weight_decay: weightDecay } = oracle;
  const { slots, optimizer } = await setUp([{ name: "w", decay: true, values: w0 }], { weightDecay });
  const [{ values, gradient }] = slots;
  for (let step = 0; step < steps; step++) {
    target.forEach((goal, i) => {
      gradient.array[i] = (2 / target.length) * (values.array[i] - goal); // of the mean squared error
    });
    optimizer.step({ lr });
  }
  target.forEach((goal, i) => expect(Math.abs(values.array[i] - goal)).toBeLessThan(tol));
});

test("the defaults are BERT's, and the example in the documentation holds", async () => {
  const { slots, optimizer } = await setUp([{ name: "w", decay: true, values: [0, 1] }]);
  slots[0].gradient.array.set([0.5, 2e-6]);
  optimizer.step({ lr: 1e-3 });
  expect(slots[0].values.array[0]).toBeCloseTo(-0.001, 7);
  // At the first step m / sqrt(v) is 1 up to eps: 2e-6 / (2e-6 + 1e-6). Decay takes lr * 0.01 of 1.
  expect(slots[0].values.array[1]).toBeCloseTo(1 - 1e-3 * 0.01 - 1e-3 * (2 / 3), 7);
});

test("moments without gradients end at zero, never in slow subnormal numbers", async () => {
  const { slots, optimizer } = await setUp([
    { name: "w", decay: true, values: Array.from({ length: 37 }, () => 1) },
  ]);
  slots[0].gradient.array.fill(1e-3);
  optimizer.step({ lr: 1e-3 });
  slots[0].gradient.array.fill(0);
  for (let step = 0; step < 700; step++) optimizer.step({ lr: 1e-3 });
  expect(optimizer.state().moments[0].m).toEqual(new Float32Array(37));
});

test.each<[string, AdamWOptions]>([
  ["betas must be in [0, 1); found 1", { betas: [0.9, 1] }],
  ["betas must be in [0, 1); found -0.1", { betas: [-0.1, 0.9] }],
  ["eps must be above 0; found 0", { eps: 0 }],
  ["weightDecay must be at least 0; found NaN", { weightDecay: NaN }],
])("options: %s", async (message, options) => {
  await expect(setUp([], options)).rejects.toThrow(`ERR_OPTIMIZER_OPTION: ${message}`);
});

test("a step with an lr or gradScale out of range changes nothing", async () => {
  const { optimizer } = await setUp([{ name: "w", decay: true, values: [1] }]);
  expect(() => optimizer.step({ lr: -1 })).toThrow(
    "ERR_OPTIMIZER_OPTION: lr must be finite and at least 0; found -1",
  );
  expect(() => optimizer.step({ lr: 1, gradScale: NaN })).toThrow("ERR_OPTIMIZER_OPTION: gradScale must be");
  expect(optimizer.stepCount).toBe(0);
});

test("a state of other parameters is refused and changes nothing", async () => {
  const { optimizer } = await setUp([
    { name: "a", decay: true, values: [1, 2] },
    { name: "b", decay: false, values: [3] },
  ]);
  const of = (name: string, length: number) => ({
    name,
    m: new Float32Array(length).fill(1),
    v: new Float32Array(length).fill(1),
  });
  const load =
    (stepCount: number, ...moments: ReturnType<typeof of>[]) =>
    () =>
      optimizer.load({ stepCount, moments });
  expect(load(1, of("a", 2))).toThrow(
    "ERR_OPTIMIZER_STATE: an optimizer continues only from the state of the same parameters; the state holds no moments of b;",
  );
  expect(load(1, of("a", 2), of("b", 2))).toThrow("the state holds 2 moments of b, which has 1 values;");
  expect(load(1, of("a", 2), of("b", 1), of("c", 1))).toThrow("moments of c, which is not trained here;");
  expect(load(-1, of("a", 2), of("b", 1))).toThrow("the state holds step -1;");
  expect(optimizer.state()).toEqual({
    stepCount: 0,
    moments: [
      { name: "a", m: new Float32Array(2), v: new Float32Array(2) },
      { name: "b", m: new Float32Array(1), v: new Float32Array(1) },
    ],
  });
});

test("parameters or kernels of another arena are refused", async () => {
  const { kernels, arena } = await setUp([]);
  const other = new Arena(arenaBytes([1, 1]));
  const slot = { name: "w", decay: true, values: other.float32(1), gradient: other.float32(1) };
  expect(() => new AdamW(kernels, arena, [slot])).toThrow(
    "internal: parameter w is not in the optimizer's arena",
  );
  expect(() => new AdamW(kernels, other, [slot])).toThrow(
    "internal: optimizer kernels are bound to another memory",
  );
});
