/** From the flags of `attune pretrain` to the options of `runPretraining`. */
import { basename, resolve } from "node:path";
import type { SentenceObjective } from "../models/bert/masked-lm.ts";
import type { Initialization, Masking, PretrainOptions } from "../pretrain/index.ts";
import { resolvePretrainOptions } from "../pretrain/index.ts";
import type { DeviceChoice } from "../runtime/index.ts";
import { asUsage } from "./train-options.ts";

export interface PretrainFlags {
  readonly text?: string;
  readonly encoding?: string;
  readonly dev?: string;
  readonly devShare?: number;
  readonly devTokens?: number;
  readonly minTokens?: number;
  readonly model?: string;
  readonly out?: string;
  readonly vocabulary?: string;
  readonly vocabSize?: number;
  readonly minFrequency?: number;
  readonly alphabetLimit?: number;
  readonly cased?: true;
  readonly maxPositions?: number;
  readonly initializerRange?: number;
  readonly initialization?: Initialization;
  readonly masking?: Masking;
  readonly maskShare?: number;
  readonly objective?: SentenceObjective;
  readonly maxLength?: number;
  readonly epochs?: number;
  readonly steps?: number;
  readonly stepTokens?: number;
  readonly batchTokens?: number;
  readonly lr?: number;
  readonly warmupShare?: number;
  readonly weightDecay?: number;
  readonly maxGradNorm?: number;
  readonly dropout?: number;
  readonly evaluationSteps?: number;
  readonly checkpointSteps?: number;
  readonly seed?: number;
  readonly resume?: true;
  readonly prepareOnly?: true;
  readonly device?: DeviceChoice;
  readonly threads?: number;
  readonly json?: true;
}

/** What the library would choose, for help texts. */
export const pretrainDefaults = resolvePretrainOptions({ corpora: [], out: "" });

/**
 * The options that the flags ask for; flags that were not given stay out.
 *
 * @throws UsageError where a value is out of its range, in terms of flags
 */
export function pretrainOptions(corpora: readonly string[], flags: PretrainFlags): PretrainOptions {
  const { text, cased, json: _, resume: __, prepareOnly: ___, out, ...same } = flags;
  const options = {
    ...same,
    corpora,
    out: out ?? `runs/${basename(resolve(flags.model ?? pretrainDefaults.model))}-pretrained`,
    ...(text === undefined ? {} : { textColumn: text }),
    ...(cased === undefined ? {} : { lowercase: false }),
  };
  return asUsage(() => {
    resolvePretrainOptions(options);
    return options;
  });
}
