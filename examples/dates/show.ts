/** What train.ts and run.ts print: dates of texts, and where the decoder looked. */
import type { Backend } from "attune/nn";
import { attentionTable, crossAttention } from "./attention.ts";
import type { Learned } from "./normalizer.ts";
import { DateNormalizer } from "./normalizer.ts";

/** A line a text: its date, how sure the model is, the text. */
export async function showDates(learned: Learned, texts: readonly string[], backend: Backend): Promise<void> {
  const normalizer = await DateNormalizer.open(learned, backend);
  const answers = await normalizer.normalize(texts);
  await normalizer.dispose();
  answers.forEach(({ date, probability }, i) => {
    console.log(`${date.padEnd(10)}  ${probability.toFixed(3)}  ${texts[i]}`);
  });
}

/** One text, its date as the model writes it, and the attention of each character of the date. */
export async function showAttention(learned: Learned, text: string, backend: Backend): Promise<void> {
  const normalizer = await DateNormalizer.open(learned, backend);
  const [{ date }] = await normalizer.normalize([text]);
  await normalizer.dispose();
  for (const line of attentionTable(await crossAttention(learned, text, date))) console.log(line);
}
