/**
 * Teaches a small Transformer to write dates as 2024-08-20, and asks it about dates it has not seen. After `npm ci`,
 * in the repository's root; another seed gives another split, other batches and other first weights:
 *
 *     node --import ./scripts/typescript.js examples/dates/train.ts [--seed 0]
 */
import { parseArgs } from "node:util";
import { loadBackend } from "attune/nn";
import { allPairs, splitDays } from "./data.ts";
import { learn } from "./learn.ts";
import { exactMatch } from "./normalizer.ts";
import { showAttention, showDates } from "./show.ts";
import { allDays, spellings } from "./spellings.ts";
import { MODEL_FILE, save } from "./weights.ts";

try {
  await train(seedOf(process.argv.slice(2)));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

/** @throws Error for what is no seed, and for options other than --seed */
function seedOf(args: string[]): number {
  const { values } = parseArgs({ args, options: { seed: { type: "string", default: "0" } } });
  const seed = Number(values.seed);
  if (values.seed.trim() === "" || !Number.isSafeInteger(seed) || seed < 0)
    throw new Error(`--seed takes a whole number, 0 or more, and not ${values.seed}`);
  return seed;
}

async function train(seed: number): Promise<void> {
  const backend = await loadBackend();
  const days = splitDays(allDays, { dev: 25, test: 1000 }, seed);
  console.log(`${days.train.length} days to learn from, ${days.test.length} to be asked about`);
  console.log(`${spellings.length} spellings: ${spellings.map(({ name }) => name).join(" | ")}\n`);

  const learned = await learn({
    train: days.train,
    spellings,
    steps: 1500,
    batchSize: 64,
    lr: 3e-3,
    warmupSteps: 100,
    seed,
    backend,
    report: {
      every: 150,
      dev: allPairs(days.dev, spellings),
      onProgress: ({ step, steps, loss, exactMatch: share, secondsLeft }) => {
        const left = step === steps ? "" : `, ${Math.ceil(secondsLeft)} s left`;
        console.log(
          `step ${step} of ${steps}: loss ${loss.toFixed(4)}, ${share.toFixed(3)} of dev right${left}`,
        );
      },
    },
  });
  await save(learned, MODEL_FILE);
  const { user, system } = process.cpuUsage();
  const [wall, cpu] = [performance.now() / 1000, (user + system) / 1e6].map((seconds) => seconds.toFixed(0));
  console.log(`trained in ${wall} s (${cpu} s of CPU time), weights in ${MODEL_FILE}\n`);

  const pairs = allPairs(days.test, spellings);
  const { share, mistakes } = await exactMatch(learned, pairs, backend);
  const right = pairs.length - mistakes.length;
  const rounded = (Math.floor(share * 1e4) / 1e4).toFixed(4); // down: 1.0000 is all of them
  console.log(`exact match ${rounded}: ${right} of ${pairs.length} spellings of unseen dates`);
  for (const { source, target, written } of mistakes.slice(0, 5))
    console.log(`  wrong: ${source} -> ${written}, not ${target}`);

  const [day] = days.test;
  const texts = spellings.map(({ write }) => write(day));
  console.log("\none of these dates in every spelling, with the probability that the model gives it");
  await showDates(learned, texts, backend);

  console.log("\nwhere the decoder looked for each character that it wrote");
  for (const part of ["the ", "星期"]) {
    const text = texts.find((one) => one.includes(part));
    if (text === undefined) continue;
    console.log();
    await showAttention(learned, text, backend);
  }
  if (share < 0.99) throw new Error("less than 0.99 of unseen dates are right");
}
