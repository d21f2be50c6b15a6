/** `attune pretrain`: from text without labels to a BERT that has learnt the language, or more of it. */
import { presetNames } from "../models/bert/presets.ts";
import { initializations, maskings, runPretraining } from "../pretrain/index.ts";
import {
  type AnyCommand,
  createCommand,
  createOption,
  deviceOption,
  encodingOption,
  examples,
  jsonOption,
  numberOption,
  textOption,
  threadsOption,
} from "./command.ts";
import type { Context, ExitCode } from "./context.ts";
import { INTERRUPTED, listenForInterrupt } from "./interrupt.ts";
import { slowDeviceNote } from "./notes.ts";
import { outcome } from "./outcome.ts";
import { pretrainDefaults as defaults, type PretrainFlags, pretrainOptions } from "./pretrain-options.ts";
import { PretrainView } from "./pretrain-view.ts";
import { resumeText } from "./resume-text.ts";
import { jsonSink } from "./train-view.ts";

export function pretrainCommand(context: Context): AnyCommand {
  return createCommand("pretrain")
    .description(
      "Pre-trains a BERT on text without labels by guessing hidden words, and writes a model folder that " +
        "`attune train --model FOLDER` goes on from.\n\n" +
        "CORPUS is plain text (documents separated by blank lines, or one a line), WikiExtractor output, or CSV, " +
        "TSV, JSONL, JSON or Parquet with a text column; each also gzipped; or a folder of such files. It is " +
        "tokenized to disk and may be larger than memory.",
    )
    .argument("<corpus...>", "files or folders of text")
    .optionsGroup("Corpus:")
    .addOption(textOption())
    .addOption(encodingOption())
    .option("--dev <path>", "held-out text to measure on")
    .addOption(
      numberOption(
        "--dev-share <x>",
        `share of documents held out (default: ${defaults.devShare}, at most ${defaults.devTokens} tokens)`,
      ).conflicts("dev"),
    )
    .addOption(numberOption("--dev-tokens <n>", "most tokens held out").conflicts("dev"))
    .addOption(
      numberOption("--min-tokens <n>", `shorter documents are left out (default: ${defaults.minTokens})`),
    )
    .optionsGroup("Model:")
    .option(
      "--model <name>",
      `${presetNames.join(", ")}, or a model folder or hub id to go on from (default: ${defaults.model})`,
    )
    .option("--out <folder>", "where the model goes (default: runs/MODEL-pretrained)")
    .addOption(
      numberOption("--vocab-size <n>", `vocabulary learnt from scratch (default: ${defaults.vocabSize})`),
    )
    .addOption(
      numberOption("--min-frequency <n>", `its pieces occur this often (default: ${defaults.minFrequency})`),
    )
    .addOption(numberOption("--alphabet-limit <n>", "most distinct characters in it (default: 45% of it)"))
    .option("--vocabulary <file>", "a vocab.txt to use in its place")
    .option("--cased", "keep case and accents")
    .addOption(
      numberOption(
        "--max-positions <n>",
        `longest text it can ever read (default: ${defaults.maxPositions})`,
      ),
    )
    .addOption(
      numberOption(
        "--initializer-range <x>",
        `deviation of fresh weights (default: ${defaults.initializerRange})`,
      ),
    )
    .addOption(
      createOption(
        "--initialization <how>",
        `first weights: from the corpus, or random as published (default: ${defaults.initialization})`,
      ).choices(initializations),
    )
    .optionsGroup("Objective:")
    .addOption(
      createOption("--masking <how>", `what is hidden together (default: ${defaults.masking})`).choices(
        maskings,
      ),
    )
    .addOption(numberOption("--mask-share <x>", `share of tokens hidden (default: ${defaults.maskShare})`))
    .addOption(
      createOption(
        "--objective <name>",
        "also whether text b follows a (nsp), or a and b are in order (sop); default: none",
      ).choices(["none", "nsp", "sop"] as const),
    )
    .addOption(numberOption("--max-length <n>", `tokens of a sequence (default: ${defaults.maxLength})`))
    .optionsGroup("Training:")
    .addOption(numberOption("--epochs <n>", `passes over the corpus (default: ${defaults.epochs})`))
    .addOption(numberOption("--steps <n>", "optimizer steps, in place of passes").conflicts("epochs"))
    .addOption(numberOption("--step-tokens <n>", `tokens of a step (default: ${defaults.stepTokens})`))
    .addOption(
      numberOption("--batch-tokens <n>", `most padded tokens at once (default: ${defaults.batchTokens})`),
    )
    .addOption(numberOption("--lr <x>", "peak learning rate (default: by model; from a folder 2e-4)"))
    .addOption(
      numberOption("--warmup-share <x>", `share of steps to warm up (default: ${defaults.warmupShare})`),
    )
    .addOption(numberOption("--weight-decay <x>", `decay of weights (default: ${defaults.weightDecay})`))
    .addOption(
      numberOption("--max-grad-norm <x>", `gradients are clipped to it (default: ${defaults.maxGradNorm})`),
    )
    .addOption(numberOption("--dropout <x>", `dropout while pre-training (default: ${defaults.dropout})`))
    .addOption(numberOption("--evaluation-steps <n>", "steps between evaluations (default: 20 in the run)"))
    .addOption(
      numberOption(
        "--checkpoint-steps <n>",
        `steps between checkpoints (default: ${defaults.checkpointSteps})`,
      ),
    )
    .addOption(numberOption("--seed <n>", `same seed, same bits (default: ${defaults.seed})`))
    .option("--resume", "go on with the unfinished run in --out; repeat its other options")
    .addOption(
      createOption(
        "--prepare-only",
        "stop before the first step, with everything saved, for `attune handoff` or --resume",
      ).conflicts("resume"),
    )
    .optionsGroup("Other:")
    .addOption(deviceOption())
    .addOption(threadsOption())
    .addOption(jsonOption())
    .addHelpText(
      "after",
      examples(
        "attune pretrain corpus/ --model mini --out runs/mini-mine",
        "attune pretrain reviews.jsonl --text body --model runs/mini-mine",
      ),
    )
    .action(async (corpora, flags) => {
      context.finish(
        await outcome(context, flags.json ? "events" : "human", () => pretrain(corpora, flags, context)),
      );
    });
}

/** Pre-trains, shows how it goes, and says how to resume where Ctrl-C stops it. */
export async function pretrain(
  corpora: readonly string[],
  flags: PretrainFlags,
  context: Context,
): Promise<ExitCode> {
  const { terminal } = context;
  const options = pretrainOptions(corpora, flags);
  const sink = flags.json ? jsonSink(terminal) : new PretrainView(terminal);
  const interrupt = listenForInterrupt(terminal, {
    first: () => sink.note("finishing the step and saving; Ctrl-C again stops at once, without saving"),
    second: () => sink.close(),
  });
  let stopped: string | undefined;
  try {
    const { resume = false, prepareOnly = false } = flags;
    const run = { resume, prepareOnly, signal: interrupt.signal };
    for await (const event of runPretraining(options, run)) {
      sink.show(event);
      if (event.event === "interrupted") stopped = resumeText(context);
      if (event.event === "stopped")
        stopped = run.resume ? resumeText(context) : "stopped before the first step; nothing was written\n";
      const note = event.event === "start" ? slowDeviceNote(event.device, flags.device) : undefined;
      if (note !== undefined) sink.note(note);
    }
    if (stopped === undefined) return 0;
    sink.close();
    terminal.stderr.write(stopped);
    return INTERRUPTED;
  } finally {
    sink.close();
    interrupt.release();
  }
}
