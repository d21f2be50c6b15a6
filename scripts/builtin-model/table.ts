/**
 * What the built-in model is worth: test accuracy of fine-tuning from it and of training from scratch, several seeds.
 *
 *     node --import ./scripts/typescript.js scripts/builtin-model/table.ts DATA RESULTS.jsonl [options]
 *
 *       --sets trec6,waimai     folders of DATA, each with train.csv, dev.csv and test.csv, one label a text
 *       --starts built-in,mini  what to start from: "built-in", a preset, or a model folder; default built-in,mini
 *       --seeds 5               seeds 1 to N
 *
 * The hyperparameters are those that `attune train` chooses for the built-in model, and every other start gets the
 * same: they are read from the built-in model's line of the set, so "built-in" comes first. A line a run is appended
 * to RESULTS, and a run that stands there is not repeated, so the table can be made in several sittings. A run that
 * diverges or collapses is a result too: its line has the error's code, and the summary counts it. Prints mean and 95%
 * interval (Student's t) of each row. Needs a build.
 */
import { appendFileSync, existsSync, readFileSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { errorCode, internal } from "../../src/base/errors.ts";
import { BUILT_IN_MODEL } from "../../src/models/checkpoint/index.ts";
import { runTraining } from "../../src/train/index.ts";

interface Run {
  readonly set: string;
  readonly start: string;
  readonly seed: number;
}

/** What a run is trained with; the rest are defaults that do not depend on the start. */
interface Recipe {
  readonly epochs: number;
  readonly lr: number;
  readonly emaDecay: number;
  readonly tokenDropout: number;
  readonly pieceDropout: number;
}

interface Scores {
  readonly recipe: Recipe;
  readonly accuracy: number;
  readonly macroF1: number;
  readonly seconds: number;
}

type Result = Run & (Scores | { readonly failure: string });

/** Two-sided 95% quantiles of Student's t by degrees of freedom. */
const T95 = [Number.NaN, 12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262];

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    sets: { type: "string" },
    starts: { type: "string", default: "built-in,mini" },
    seeds: { type: "string", default: "5" },
  },
});
const [data, file] = positionals;
if (data === undefined || file === undefined || values.sets === undefined) {
  console.error("usage: table.ts DATA RESULTS.jsonl --sets a,b [--starts built-in,mini] [--seeds 5]");
  process.exit(2);
}
const sets = values.sets.split(",");
const starts = values.starts.split(",");
const seeds = Array.from({ length: Number(values.seeds) }, (_, i) => i + 1);

for (const seed of seeds) {
  for (const set of sets) {
    for (const start of starts) if (!isDone({ set, start, seed })) await measure({ set, start, seed });
  }
}
for (const set of sets) for (const start of starts) console.log(summary(set, start));

function results(): Result[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

function isDone({ set, start, seed }: Run): boolean {
  return results().some((r) => r.set === set && r.start === start && r.seed === seed);
}

async function measure(run: Run): Promise<void> {
  const scores = await train(run).catch((error: unknown) => {
    const failure = errorCode(error);
    if (failure !== "ERR_COLLAPSED" && failure !== "ERR_DIVERGED") throw error;
    return { failure };
  });
  const line = JSON.stringify({ ...run, ...scores });
  appendFileSync(file, `${line}\n`);
  console.error(line);
}

async function train({ set, start, seed }: Run): Promise<Scores> {
  const out = join(tmpdir(), `attune-table-${process.pid}`);
  const splits = { train: join(data, set, "train.csv"), dev: join(data, set, "dev.csv") };
  const test = join(data, set, "test.csv");
  const chosen = start === "built-in" ? { model: BUILT_IN_MODEL } : { model: start, ...recipeOf(set) };
  try {
    for await (const event of runTraining({ ...splits, test, ...chosen, out, seed })) {
      if (event.event !== "done" || event.test === undefined) continue;
      const { test: report } = event;
      return {
        recipe: await writtenRecipe(out),
        accuracy: report.kind === "single" ? report.accuracy : report.subsetAccuracy,
        macroF1: report.macroF1,
        seconds: Math.round(event.elapsedMs / 1000),
      };
    }
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
  throw internal(`the run of ${set} from ${start} ended without scores`);
}

/** What the built-in model was trained with on a set. */
function recipeOf(set: string): Recipe {
  for (const result of results())
    if (result.set === set && result.start === "built-in" && "recipe" in result) return result.recipe;
  throw internal(`no run of ${set} from the built-in model stands in ${file}, and its recipe is wanted`);
}

async function writtenRecipe(out: string): Promise<Recipe> {
  const { run } = JSON.parse(await readFile(join(out, "attune.json"), "utf8"));
  const { epochs, lr, emaDecay, tokenDropout, pieceDropout } = run.options;
  return { epochs, lr, emaDecay, tokenDropout, pieceDropout };
}

function summary(set: string, start: string): string {
  const runs = results().filter((r) => r.set === set && r.start === start);
  const accuracies = runs.flatMap((r) => ("accuracy" in r ? [r.accuracy] : []));
  const failed = runs.length - accuracies.length;
  const n = accuracies.length;
  const mean = accuracies.reduce((sum, a) => sum + a, 0) / n;
  const deviation = Math.sqrt(accuracies.reduce((sum, a) => sum + (a - mean) ** 2, 0) / (n - 1));
  const half = (T95[n - 1] * deviation) / Math.sqrt(n);
  return `| ${set} | ${start} | ${n} | ${mean.toFixed(4)} ± ${half.toFixed(4)} | ${accuracies.map((a) => a.toFixed(3)).join(" ")}${failed === 0 ? "" : ` (${failed} failed)`} |`;
}
