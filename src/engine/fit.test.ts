/** The small training loop against AdamW in plain float64 on a line, and what it refuses. */
import { describe, expect, it } from "vitest";
import { counting } from "../../test/counting.ts";
import { messageOf } from "../../test/message-of.ts";
import type { Scope, State } from "../nn/index.ts";
import { dropout, linear, meanSquaredError } from "../nn/index.ts";
import { linearWarmup } from "../optim/index.ts";
import { loadBackend } from "../runtime/index.ts";
import type { Tensors } from "../runtime/session.ts";
import type { Tensor } from "../tensor/index.ts";
import { input, mul, scalar } from "../tensor/index.ts";
import type { FitOptions, FitStep } from "./fit.ts";
import { fit } from "./fit.ts";

const backend = await loadBackend();

/** (w x + b - y)^2 on average; `rate` of x is dropped in training. */
const lineLoss =
  (rate = 0, factor = 1) =>
  (scope: Scope): Tensor => {
    const x = dropout(scope.at("dropout"), input("x", "float32", ["n", 1]), rate);
    const line = linear(scope.at("line"), x, { outFeatures: 1 });
    return mul(meanSquaredError(line, input("y", "float32", ["n", 1])), scalar(factor));
  };

const points = [
  { x: [0, 1, 2], y: [1, 3, 5] },
  { x: [3, -1, 5, 2, 7], y: [7, -1, 11, 5, 15] },
] as const;

function feeds({ x, y }: { x: readonly number[]; y: readonly number[] }): Tensors {
  const column = (values: readonly number[]) =>
    ({ dtype: "float32", shape: [values.length, 1], data: Float32Array.from(values) }) as const;
  return { x: column(x), y: column(y) };
}

const defaults = {
  loss: lineLoss(),
  batches: (step: number) => [feeds(points[step % 2])],
  steps: 7,
  schedule: linearWarmup({ lr: 0.1, warmupSteps: 2, totalSteps: 7 }),
  backend,
  threads: 1,
  start: (_: unknown, out: Float32Array) => void out.fill(0.25),
} satisfies FitOptions;

interface Kept extends FitStep {
  readonly weights: State;
}

async function run(options: Partial<FitOptions> = {}): Promise<Kept[]> {
  const steps: Kept[] = [];
  for await (const step of fit({ ...defaults, ...options })) steps.push({ ...step, weights: step.state() });
  return steps;
}

const numbersOf = (weights: State): number[] => [...weights.values()].flatMap(({ data }) => [...data]);

/** What fit is to do, in float64: one weight that decays, one bias that does not. */
function reference({
  weightDecay,
  maxGradNorm,
  emaDecay,
}: Record<"weightDecay" | "maxGradNorm" | "emaDecay", number>) {
  const weights = [0.25, 0.25];
  let average = [...weights];
  const [m, v] = [
    [0, 0],
    [0, 0],
  ];
  return Array.from({ length: defaults.steps }, (_, step) => {
    const { x, y } = points[step % 2];
    const errors = x.map((one, i) => weights[0] * one + weights[1] - y[i]);
    const n = x.length;
    const loss = errors.reduce((sum, e) => sum + e * e, 0) / n;
    const gradient = [
      errors.reduce((sum, e, i) => sum + 2 * e * x[i], 0) / n,
      errors.reduce((sum, e) => sum + 2 * e, 0) / n,
    ];
    const gradNorm = Math.hypot(...gradient);
    const clip = Math.min(1, maxGradNorm / (gradNorm + 1e-6));
    const lr = defaults.schedule(step);
    gradient.forEach((g, i) => {
      m[i] = 0.9 * m[i] + 0.1 * clip * g;
      v[i] = 0.999 * v[i] + 0.001 * (clip * g) ** 2;
      const [mean, spread] = [m[i] / (1 - 0.9 ** (step + 1)), v[i] / (1 - 0.999 ** (step + 1))];
      if (i === 0) weights[i] *= 1 - lr * weightDecay;
      weights[i] -= (lr * mean) / (Math.sqrt(spread) + 1e-6);
    });
    const decay = Math.min(emaDecay, step / (step + 9));
    average = average.map((a, i) => decay * a + (1 - decay) * weights[i]);
    return {
      step: step + 1,
      steps: defaults.steps,
      loss,
      gradNorm,
      lr,
      weights: emaDecay > 0 ? average : [...weights],
    };
  });
}

describe("fit", () => {
  it.each([
    { name: "by default", options: {}, plain: { weightDecay: 0.01, maxGradNorm: 1, emaDecay: 0 } },
    {
      name: "with every option",
      options: { weightDecay: 0.3, maxGradNorm: 20, emaDecay: 0.2 },
      plain: { weightDecay: 0.3, maxGradNorm: 20, emaDecay: 0.2 },
    },
  ])("takes AdamW's steps $name", async ({ options, plain }) => {
    const [found, expected] = [await run(options), reference(plain)];
    expect(found).toHaveLength(expected.length);
    for (const [i, { weights, ...numbers }] of expected.entries()) {
      expect([...found[i].weights.keys()]).toEqual(["line.weight", "line.bias"]);
      for (const [name, value] of Object.entries(numbers))
        expect(found[i]).toHaveProperty(name, expect.closeTo(value, 4));
      numbersOf(found[i].weights).forEach((value, w) => expect(value).toBeCloseTo(weights[w], 5));
    }
  });

  it("learns the line of its example", async () => {
    const schedule = linearWarmup({ lr: 0.1, warmupSteps: 0, totalSteps: 200 });
    const steps = await run({ steps: 200, schedule });
    const [weight, bias] = numbersOf(steps[199].weights);
    expect(weight).toBeCloseTo(2, 2);
    expect(bias).toBeCloseTo(1, 2);
  });

  it("starts from the seed, repeats itself bit by bit, dropout included", async () => {
    const options = { loss: lineLoss(0.5), start: undefined };
    const last = async (given: Partial<FitOptions>) =>
      numbersOf((await run(given))[defaults.steps - 1].weights);
    const first = await last({ ...options, seed: 3 });
    expect(await last({ ...options, seed: 3 })).toEqual(first);
    // first values and masks, each alone
    for (const part of [{ start: undefined }, { loss: lineLoss(0.5) }])
      expect(await last({ ...part, seed: 4 })).not.toEqual(await last({ ...part, seed: 3 }));
  });

  it("evaluates without dropout, with the present weights, which later steps do not change", async () => {
    const states: State[] = [];
    for await (const { step, state, evaluate } of fit({ ...defaults, loss: lineLoss(0.5) })) {
      const [weight, bias] = numbersOf(state());
      const { x, y } = points[0];
      const squares = x.map((one, i) => (weight * one + bias - y[i]) ** 2);
      const expected = squares.reduce((sum, one) => sum + one, 0) / squares.length;
      expect(await evaluate(feeds(points[0])), `step ${step}`).toBeCloseTo(expected, 4);
      states.push(state());
    }
    expect(new Set(states.map((state) => numbersOf(state).join())).size).toBe(defaults.steps); // copies, each its own
  });

  it("adds micro-batches up", async () => {
    const whole = { x: [...points[0].x, 4, 5, 6], y: [...points[0].y, 9, 11, 14] };
    const halves = [points[0], { x: [4, 5, 6], y: [9, 11, 14] }];
    const together = await run({ batches: () => [feeds(whole)] });
    const apart = await run({
      loss: lineLoss(0, 1 / 2),
      batches: () => halves.map(feeds),
      accumulates: true,
    });
    apart.forEach((step, i) => {
      expect(step.loss).toBeCloseTo(together[i].loss, 4);
      numbersOf(step.weights).forEach((value, w) =>
        expect(value).toBeCloseTo(numbersOf(together[i].weights)[w], 5),
      );
    });
  });

  it("frees its graphs when it is left early, and when a step fails", async () => {
    const { counted, open } = counting(backend);
    for await (const { step } of fit({ ...defaults, backend: counted })) if (step === 2) break;
    expect(open()).toBe(0);
    await messageOf(() => run({ backend: counted, batches: () => [] }));
    expect(open()).toBe(0);
  });

  it("frees the first graph where the second cannot be loaded", async () => {
    const { counted, open } = counting(backend, { sessions: 1 });
    expect(await messageOf(() => run({ backend: counted }))).toBe("no more sessions");
    expect(open()).toBe(0);
  });
});

describe("fit refuses", () => {
  const huge = feeds({ x: [1], y: [1e30] });
  const cases: readonly (readonly [what: string, options: Partial<FitOptions>, message: string | RegExp])[] =
    [
      ["no steps", { steps: 0 }, "ERR_OPTION: fit: steps must be a whole number, 1 or more; it is 0"],
      ["a seed below 0", { seed: -1 }, "ERR_OPTION: fit: seed must be a whole number, 0 or more; it is -1"],
      [
        "negative decay",
        { weightDecay: -0.1 },
        "ERR_OPTION: fit: weightDecay must be at least 0; it is -0.1",
      ],
      ["no gradient at all", { maxGradNorm: 0 }, "ERR_OPTION: fit: maxGradNorm must be above 0; it is 0"],
      [
        "an average that stands still",
        { emaDecay: 1 },
        "ERR_OPTION: fit: emaDecay must be in [0, 1); it is 1",
      ],
      [
        "no batch",
        { batches: () => [] },
        "ERR_OPTION: fit: a step has one batch unless accumulates is true; it was given 0",
      ],
      [
        "no batch to add up",
        { batches: () => [], accumulates: true },
        "ERR_OPTION: fit: a step has 1 to 4096 batches; it was given 0",
      ],
      [
        "a batch of nothing",
        { batches: () => [feeds({ x: [], y: [] })] },
        'ERR_FEED: a graph is fed each of its inputs and nothing else; "x" has shape [0, 1], and nothing is in it; pass sizes of 1 or more',
      ],
      ["a batch without y", { batches: () => [{ x: feeds(points[0]).x }] }, 'no value for "y"'],
      [
        "a loss of several numbers",
        {
          loss: (scope: Scope) =>
            linear(scope.at("line"), input("x", "float32", ["n", 1]), { outFeatures: 1 }),
        },
        "ERR_SHAPE: fit: the loss must be float32 [1]; found",
      ],
      [
        "an input that is called as a parameter",
        { loss: namedAs("line.weight") },
        'ERR_INPUT_NAME: the inputs, outputs and parameters of a graph must have a name each; "line.weight" is an input and a parameter; call the input otherwise',
      ],
      [
        "an input that is called as the loss",
        { loss: namedAs("loss") },
        '"loss" is an output and an input; call',
      ],
      [
        "numbers too large",
        { batches: () => [huge] },
        /^ERR_DIVERGED: loss and gradient must stay finite; step 1 has loss Infinity .+; start again with a learning rate three to ten times smaller, or a longer warm-up$/,
      ],
    ];
  it.each(cases)("%s", async (_, options, message) => {
    await expect(run(options)).rejects.toThrow(message);
  });
});

/** A loss whose input has some name. */
function namedAs(name: string): FitOptions["loss"] {
  return (scope) => {
    const x = input(name, "float32", ["n", 1]);
    return meanSquaredError(linear(scope.at("line"), x, { outFeatures: 1 }), x);
  };
}
