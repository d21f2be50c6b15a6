/**
 * Scores the present weights on held-out text: loss and accuracy of masked tokens, and pseudo-perplexity.
 *
 * Masks of held-out text depend on the seed alone, so figures of one run can be compared. Pseudo-perplexity: each token
 * is hidden alone, exp of the mean of -log p (Salazar et al. 2020, "Masked Language Model Scoring", equation 2).
 */
import type { PretrainScores } from "./events.ts";
import { ExampleMaker, maskedFeeds, type MaskedExample } from "./examples.ts";
import { floats } from "./floats.ts";
import { inParts, type PretrainRun } from "./run.ts";
import { CONTINUES } from "./token-store.ts";

type Scored = Pick<PretrainRun, "engine" | "corpus" | "examples" | "options">;

/** The held-out text, masked once. */
export async function evaluateHeldOut(run: Scored): Promise<PretrainScores> {
  const { corpus, examples } = run;
  const maker = new ExampleMaker(corpus.store, corpus.dev, examples);
  const made = Array.from(corpus.dev.starts, (_, sequence) => maker.make(sequence, "dev"));
  return score(run, made);
}

/** Tokens whose pseudo-perplexity is taken. */
const SAMPLE_TOKENS = 1024;

/** exp(mean -log p) of tokens hidden one at a time, on the first sequences of the held-out text. */
export async function pseudoPerplexity(run: Scored): Promise<number> {
  const { corpus, examples } = run;
  const { starts, lengths } = corpus.dev;
  const made: MaskedExample[] = [];
  for (let sequence = 0; sequence < starts.length && made.length < SAMPLE_TOKENS; sequence++) {
    const tokens = Int32Array.from(
      corpus.store.read(starts[sequence], lengths[sequence]),
      (token) => token & ~CONTINUES,
    );
    const whole = Int32Array.of(examples.clsId, ...tokens, examples.sepId);
    const sentenceLabel = examples.objective === "none" ? undefined : (0 as const);
    tokens.forEach((label, i) => {
      const ids = whole.slice();
      ids[i + 1] = examples.maskId;
      const [places, labels] = [Int32Array.of(i + 1), Int32Array.of(label)];
      made.push({ ids, typeIds: new Int32Array(ids.length), places, labels, sentenceLabel });
    });
  }
  return Math.exp((await score(run, made)).loss);
}

async function score(
  { engine, examples, options }: Scored,
  made: readonly MaskedExample[],
): Promise<PretrainScores> {
  let [loss, hits, masked, sentenceHits, sentences] = [0, 0, 0, 0, 0];
  for (const part of inParts(made, options.batchTokens)) {
    const feeds = maskedFeeds(part, examples, { masked: 1, texts: 1 });
    const { input_ids, attention_mask, token_type_ids, places, inverse } = feeds;
    const outputs = await engine.evaluate({ input_ids, attention_mask, token_type_ids, places, inverse });
    const logits = floats(outputs.logits?.data, "logits");
    const b = part.length;
    part.forEach((example, i) => {
      example.labels.forEach((label, k) => {
        const row = (k + 1) * b + i;
        const { logProbability, best } = inspect(
          logits.subarray(row * examples.vocabSize, (row + 1) * examples.vocabSize),
          label,
        );
        loss -= logProbability;
        hits += best ? 1 : 0;
        masked++;
      });
      if (example.sentenceLabel !== undefined && outputs.sentence_logits !== undefined) {
        const pair = floats(outputs.sentence_logits.data, "logits of pairs").subarray(2 * i, 2 * i + 2);
        sentenceHits += Number(pair[1] > pair[0]) === example.sentenceLabel ? 1 : 0;
        sentences++;
      }
    });
  }
  const mean = loss / masked;
  return {
    loss: mean,
    accuracy: hits / masked,
    perplexity: Math.exp(mean),
    maskedTokens: masked,
    sentenceAccuracy: sentences === 0 ? undefined : sentenceHits / sentences,
  };
}

/** log softmax(row)[label], and whether no other word scores higher. */
function inspect(row: Float32Array, label: number): { logProbability: number; best: boolean } {
  let highest = -Infinity;
  for (const value of row) if (value > highest) highest = value;
  let total = 0;
  for (const value of row) total += Math.exp(value - highest);
  return { logProbability: row[label] - highest - Math.log(total), best: row[label] === highest };
}
