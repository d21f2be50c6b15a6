/**
 * First weights that know something, in place of weights that are all random.
 *
 *     words      from what stands near what in the corpus (cooccurrence.ts), five times the published deviation
 *     positions  p_t = (sin t/10000^(2i/h), cos t/10000^(2i/h)), as large as the words, plus the published noise
 *     attention  W_Q and W_K the identity, W_V and W_O half of it, plus the published noise
 *
 * So attention looks at near places and at like words from the first step, and hands on what it finds: a guess from
 * the words around, which a random model takes thousands of steps to come to (docs/decisions/0005). Sources: Trockman
 * and Kolter 2023, "Mimetic Initialization of Self-Attention Layers", for the identities; Vaswani et al. 2017, section
 * 3.5, for the positions.
 */
import { internal } from "../base/errors.ts";
import type { TrainingEngine } from "../engine/index.ts";
import type { BertConfig } from "../models/bert/config.ts";
import { sinusoidTable } from "../nn/index.ts";
import type { Backend } from "../runtime/index.ts";
import type { BertTokenizer } from "../text/index.ts";
import { embedCooccurrence } from "./cooccurrence.ts";
import type { Corpus } from "./corpus.ts";

/** Deviation of the words' values over that of other weights. */
const WORDS = 5;

export interface StartFacts {
  readonly tokenizer: BertTokenizer;
  readonly config: BertConfig;
  readonly corpus: Corpus;
  readonly backend: Backend;
  readonly seed: number;
}

/** Adds to the published random weights, which the engine already holds. */
export async function informedStart(engine: TrainingEngine, facts: StartFacts): Promise<void> {
  const { tokenizer, config, corpus, backend, seed } = facts;
  const { vocabSize, hiddenSize, initializerRange, numHiddenLayers, maxPositionEmbeddings } = config;
  const deviation = WORDS * initializerRange;
  const specials = Array.from({ length: vocabSize }, (_, id) => id).filter((id) => tokenizer.isSpecial(id));
  const words = { vocabSize, hiddenSize, without: new Set(specials), deviation, seed };
  await embedCooccurrence(corpus, valuesOf(engine, "embeddings.word_embeddings.weight"), words, backend);
  const waves = sinusoidTable(maxPositionEmbeddings, hiddenSize);
  const positions = valuesOf(engine, "embeddings.position_embeddings.weight");
  // the mean square of a wave is 1/2
  waves.forEach((wave, i) => {
    positions[i] += Math.SQRT2 * deviation * wave;
  });
  for (let layer = 0; layer < numHiddenLayers; layer++) {
    const attention = `encoder.layer.${layer}.attention`;
    for (const name of ["self.query", "self.key"])
      addIdentity(valuesOf(engine, `${attention}.${name}.weight`), hiddenSize, 1);
    for (const name of ["self.value", "output.dense"])
      addIdentity(valuesOf(engine, `${attention}.${name}.weight`), hiddenSize, 0.5);
  }
}

function addIdentity(matrix: Float32Array, size: number, factor: number): void {
  for (let i = 0; i < size; i++) matrix[i * size + i] += factor;
}

function valuesOf(engine: TrainingEngine, name: string): Float32Array {
  const found = engine.parameters.find(({ spec }) => spec.name === `bert.${name}`);
  if (found === undefined) throw internal(`the model has no "bert.${name}"`);
  return found.values;
}
