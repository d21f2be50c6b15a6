/**
 * Writes the dates of texts as 2024-08-20, and shows where it looked in the first. Once train.ts has run:
 *
 *     node --import ./scripts/typescript.js examples/dates/run.ts "20 Aug 2024" "二〇二四年八月二十日"
 */
import { existsSync } from "node:fs";
import { loadBackend } from "attune/nn";
import { showAttention, showDates } from "./show.ts";
import { load, MODEL_FILE } from "./weights.ts";

const texts = process.argv.slice(2);
if (texts.length === 0 || !existsSync(MODEL_FILE)) {
  const train = "node --import ./scripts/typescript.js examples/dates/train.ts";
  console.error(
    texts.length === 0
      ? 'give a date, as in: run.ts "20 Aug 2024"'
      : `there is no ${MODEL_FILE} yet: run ${train}`,
  );
  process.exitCode = 1;
} else {
  const [learned, backend] = [await load(MODEL_FILE), await loadBackend()];
  try {
    await showDates(learned, texts, backend);
    console.log();
    await showAttention(learned, texts[0], backend);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
