/** The end of a pre-training run: the last weights become a model folder, with a card that says what they are. */
import { toPretrainedConfig } from "../models/bert/config.ts";
import { writeModelFolder } from "../models/checkpoint/index.ts";
import { pseudoPerplexity } from "./evaluate.ts";
import type { PretrainEvent, PretrainScores } from "./events.ts";
import { pretrainedCard } from "./model-card.ts";
import type { PretrainRun, ScoredRun } from "./run.ts";
import type { PretrainState } from "./state.ts";

/** Writes the model folder, then removes the run's checkpoints. */
export async function* finish(
  run: PretrainRun,
  state: PretrainState,
  dev: PretrainScores,
): AsyncGenerator<PretrainEvent> {
  const pppl = await writePretrainedModel(run, state, dev);
  await run.folder.remove();
  yield {
    event: "done",
    out: run.options.out,
    steps: state.step,
    tokens: state.tokens,
    elapsedMs: run.pace.elapsedMs,
    dev,
    pseudoPerplexity: pppl,
  };
}

/**
 * Writes the present weights as a complete model folder, in place of whatever model stood there.
 *
 * @returns the pseudo-perplexity on held-out text
 */
export async function writePretrainedModel(
  run: ScoredRun,
  state: PretrainState,
  dev: PretrainScores,
): Promise<number> {
  const { options, start, manifest, engine, corpus } = run;
  const pppl = await pseudoPerplexity(run);
  const { tokenizer, config } = start;
  const facts = {
    ...manifest,
    steps: state.step,
    tokens: state.tokens,
    corpus: corpus.counts,
    curve: state.curve,
    ...(state.handoffs === undefined ? {} : { handoffs: state.handoffs }),
    heldOut: { ...dev, pseudoPerplexity: pppl },
  };
  await writeModelFolder(options.out, {
    config: toPretrainedConfig(
      config,
      options.objective === "none" ? "BertForMaskedLM" : "BertForPreTraining",
    ),
    vocabularyText: tokenizer.toVocabularyText(),
    tokenizerJson: tokenizer.toTokenizerJson(),
    normalizer: tokenizer.normalization,
    maxLength: config.maxPositionEmbeddings, // what it can read, not the length that it was trained at
    tensors: engine.parameters.map(({ spec, values }) => ({
      name: spec.name,
      shape: spec.shape,
      data: values,
    })),
    attune: { format: 1, pretraining: facts },
    readme: pretrainedCard({ run, state, dev, pseudoPerplexity: pppl }),
  });
  return pppl;
}
