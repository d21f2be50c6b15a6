/** The README.md of a pre-trained model: what it is, what it read, how well it guesses hidden words, how to use it. */
import type { PretrainScores } from "./events.ts";
import type { ScoredRun } from "./run.ts";
import type { PretrainState } from "./state.ts";

export interface PretrainedFacts {
  readonly run: ScoredRun;
  readonly state: PretrainState;
  readonly dev: PretrainScores;
  readonly pseudoPerplexity: number;
}

/** Markdown with the front matter that model hubs read. */
export function pretrainedCard({ run, state, dev, pseudoPerplexity }: PretrainedFacts): string {
  const { options, corpus, start, manifest, stepsPerEpoch } = run;
  const { config } = start;
  const { counts } = corpus;
  const sentences = dev.sentenceAccuracy === undefined ? "" : ` ${options.objective} accuracy |`;
  return `---
library_name: attune
pipeline_tag: fill-mask
tags: [bert, masked-language-model]
---

# BERT, pre-trained: ${config.numHiddenLayers} layers of ${config.hiddenSize}

A vocabulary of ${number(config.vocabSize)} tokens, inputs of up to ${options.maxLength} tokens while training. Pre-trained by attune ${manifest.attune} from ${start.from}, seed ${options.seed}, with ${percent(options.maskShare)} of the tokens hidden (${options.masking}), sentence objective: ${options.objective}.

Corpus: ${number(counts.documents)} documents, ${number(counts.tokens)} tokens, ${percent(counts.unknownShare)} of them unknown; ${number(counts.devDocuments)} documents (${number(counts.devTokens)} tokens) held out. Left out: ${number(counts.shortDocuments)} short and ${number(counts.duplicateDocuments)} repeated documents. Seen in training: ${number(state.tokens)} tokens in ${number(state.step)} steps, ${(state.step / stepsPerEpoch).toFixed(2)} passes.${elsewhere(state)}

On held-out text, ${number(dev.maskedTokens)} hidden tokens: accuracy ${dev.accuracy.toFixed(4)}, loss ${dev.loss.toFixed(4)}, perplexity ${dev.perplexity.toFixed(2)}; pseudo-perplexity (each token hidden alone, a sample) ${pseudoPerplexity.toFixed(2)}.

| step | tokens seen | loss | accuracy |${sentences}
|---|---|---|---|${sentences === "" ? "" : "---|"}
${state.curve.map((p) => `| ${number(p.step)} | ${number(p.tokens)} | ${p.loss.toFixed(4)} | ${p.accuracy.toFixed(4)} |${p.sentenceAccuracy === undefined ? "" : ` ${p.sentenceAccuracy.toFixed(4)} |`}`).join("\n")}

    attune fill-mask FOLDER "a sentence with a [MASK] in it"
    attune train DATA --model FOLDER

The folder has the layout of Hugging Face transformers and loads there as \`${options.objective === "none" ? "BertForMaskedLM" : "BertForPreTraining"}\`.
`;
}

/** Steps that attune's own engine did not do. */
function elsewhere({ handoffs = [] }: PretrainState): string {
  return handoffs
    .map(
      ({ fromStep, toStep, by }) => ` Steps ${number(fromStep + 1)} to ${number(toStep)} were done by ${by}.`,
    )
    .join("");
}

function number(value: number): string {
  return value.toLocaleString("en-US");
}

function percent(share: number): string {
  return `${(100 * share).toFixed(share < 0.01 ? 2 : 0)}%`;
}
