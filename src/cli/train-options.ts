/**
 * From the flags of `attune train` to the options of `TextClassifier.train`.
 *
 * Ranges and defaults are those of train/options.ts: what it refuses is a wrong command line here.
 */
import { basename, dirname, resolve } from "node:path";
import { errorCode } from "../base/errors.ts";
import { parseHubName } from "../hub/index.ts";
import type { DeviceChoice } from "../runtime/index.ts";
import type { TrainTaskOptions } from "../tasks/types.ts";
import { resolveTrainOptions } from "../train/options.ts";
import { UsageError } from "./outcome.ts";

export interface TrainFlags {
  readonly text?: string;
  readonly label?: string;
  readonly textPair?: string;
  readonly multiLabel?: true;
  readonly dev?: string;
  readonly devShare?: number;
  readonly test?: string;
  readonly skipBadRows?: true;
  readonly allowRareLabels?: true;
  readonly encoding?: string;
  readonly model?: string;
  readonly out?: string;
  readonly resume?: true;
  readonly maxLength?: number;
  readonly vocabSize?: number;
  readonly minFrequency?: number;
  readonly cased?: true;
  readonly initializerRange?: number;
  readonly epochs?: number;
  readonly lr?: number;
  readonly batchSize?: number;
  readonly batchTokens?: number;
  readonly dropout?: number;
  readonly emaDecay?: number;
  readonly tokenDropout?: number;
  readonly pieceDropout?: number;
  readonly warmupShare?: number;
  readonly weightDecay?: number;
  readonly maxGradNorm?: number;
  readonly patience?: number;
  readonly checkpointSteps?: number;
  readonly seed?: number;
  readonly device?: DeviceChoice;
  readonly threads?: number;
  readonly json?: true;
}

/** What the library would choose, for help texts. */
export const trainDefaults = resolveTrainOptions({ train: "", out: "" });

/**
 * The options that the flags ask for; flags that were not given stay out.
 *
 * @throws UsageError where a value is out of its range, in terms of flags
 */
export function trainTaskOptions(data: string, flags: TrainFlags): TrainTaskOptions {
  const { text, label, textPair, cased, json: _, resume, out, ...same } = flags;
  const options = {
    ...same,
    train: data,
    out: out ?? defaultOut(data, flags.model),
    ...(text === undefined ? {} : { textColumn: text }),
    ...(label === undefined ? {} : { labelColumn: label }),
    ...(textPair === undefined ? {} : { textPairColumn: textPair }),
    ...(cased === undefined ? {} : { lowercase: false }),
  };
  return asUsage(() => {
    resolveTrainOptions(options);
    return { ...options, ...(resume === undefined ? {} : { resume }) };
  });
}

/** What `work` gives; an option that it refuses is a wrong command line, said in terms of flags. */
export function asUsage<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    const usage = ["ERR_OPTION", "ERR_OPTION_UNUSED"].includes(errorCode(error) ?? "");
    throw usage && error instanceof Error ? new UsageError(inFlags(error.message)) : error;
  }
}

/**
 * runs/messages for messages.csv.gz or messages/train.csv; runs/messages-tiny where the preset tiny is named, and of a
 * hub id its name.
 */
export function defaultOut(data: string, model?: string): string {
  const path = resolve(data);
  const file = basename(path)
    .replace(/\.gz$/i, "")
    .replace(/\.[^.]+$/, "");
  const name = file === "train" ? basename(dirname(path)) : file;
  if (model === undefined) return `runs/${name}`;
  return `runs/${name}-${basename(resolve(parseHubName(model)?.id ?? model))}`;
}

/** Options whose flag has another name. */
const flagNames = new Map([["lowercase", "--cased"]]);

/** "ERR_OPTION: batchSize must be ..." as "--batch-size must be ...". */
function inFlags(message: string): string {
  const said = message.replace(/^ERR_OPTION(_UNUSED)?: /, "");
  const name = /^(\w+) (must be|is for)/.exec(said)?.[1];
  if (name === undefined) return said;
  const flag = flagNames.get(name) ?? `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  return said.replaceAll(name, flag);
}
