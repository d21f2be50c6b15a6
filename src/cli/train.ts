/** `attune train`: from labelled texts to a model folder. */
import { errorCode } from "../base/errors.ts";
import { BUILT_IN_MODEL } from "../models/checkpoint/index.ts";
import { presetNames } from "../models/bert/presets.ts";
import {
  type AnyCommand,
  createCommand,
  deviceOption,
  encodingOption,
  examples,
  jsonOption,
  labelOption,
  numberOption,
  skipBadRowsOption,
  textOption,
  textPairOption,
  threadsOption,
} from "./command.ts";
import type { Context, ExitCode } from "./context.ts";
import { INTERRUPTED, listenForInterrupt } from "./interrupt.ts";
import { slowDeviceNote } from "./notes.ts";
import { outcome } from "./outcome.ts";
import { resumeText } from "./resume-text.ts";
import { trainDefaults as defaults, type TrainFlags, trainTaskOptions } from "./train-options.ts";
import { jsonSink, TrainView } from "./train-view.ts";

export function trainCommand(context: Context): AnyCommand {
  return createCommand("train")
    .description(
      "Trains a BERT classifier on labelled texts and writes a model folder.\n\n" +
        "DATA is CSV, TSV, JSONL, JSON or Parquet, each also gzipped, or a folder with one sub-folder a label.",
    )
    .argument("<data>", "texts to train on")
    .optionsGroup("Data:")
    .addOption(textOption())
    .addOption(labelOption())
    .addOption(textPairOption())
    .option("--multi-label", 'a text may have several labels, written "a|b"')
    .option("--dev <file>", "development data, which says which weights are kept")
    .addOption(
      numberOption(
        "--dev-share <x>",
        `share of DATA held out as dev (default: ${defaults.devShare})`,
      ).conflicts("dev"),
    )
    .option("--test <file>", "test data, read once after training")
    .addOption(skipBadRowsOption())
    .option("--allow-rare-labels", "accept labels that occur once")
    .addOption(encodingOption())
    .optionsGroup("Model:")
    .option(
      "--model <name>",
      `${presetNames.join(", ")}, or a model folder or hub id to go on from (default: ${BUILT_IN_MODEL}, which is built in)`,
    )
    .option("--out <folder>", "where the model goes (default: runs/DATA, or runs/DATA-MODEL)")
    .addOption(numberOption("--max-length <n>", `most tokens of a text (default: ${defaults.maxLength})`))
    .addOption(
      numberOption("--vocab-size <n>", `vocabulary learnt from scratch (default: ${defaults.vocabSize})`),
    )
    .addOption(
      numberOption("--min-frequency <n>", `its pieces occur this often (default: ${defaults.minFrequency})`),
    )
    .option("--cased", "keep case and accents in that vocabulary")
    .addOption(
      numberOption("--initializer-range <x>", "deviation of fresh weights (default: 1/sqrt(hidden size))"),
    )
    .optionsGroup("Training:")
    .addOption(numberOption("--epochs <n>", "passes over DATA (default: by model and data)"))
    .addOption(numberOption("--lr <x>", "peak learning rate (default: by model)"))
    .addOption(numberOption("--batch-size <n>", `most texts of a step (default: ${defaults.batchSize})`))
    .addOption(
      numberOption("--batch-tokens <n>", `most padded tokens at once (default: ${defaults.batchTokens})`),
    )
    .addOption(numberOption("--dropout <x>", "dropout inside the model (default: its own, 0.1)"))
    .addOption(
      numberOption(
        "--token-dropout <x>",
        "share of tokens hidden in training (default: 0.15, from a large model 0)",
      ),
    )
    .addOption(
      numberOption(
        "--piece-dropout <x>",
        "how often words are spelled in other pieces (default: from scratch 0.3, from a small model 0.2, else 0)",
      ),
    )
    .addOption(
      numberOption(
        "--ema-decay <x>",
        "keep a running average of the weights (default: tiny, mini 0.998, else 0)",
      ),
    )
    .addOption(
      numberOption("--warmup-share <x>", `share of steps to warm up (default: ${defaults.warmupShare})`),
    )
    .addOption(numberOption("--weight-decay <x>", `decay of weights (default: ${defaults.weightDecay})`))
    .addOption(
      numberOption("--max-grad-norm <x>", `gradients are clipped to it (default: ${defaults.maxGradNorm})`),
    )
    .addOption(
      numberOption(
        "--patience <n>",
        `epochs in a row below the highest dev accuracy before stopping (default: ${defaults.patience})`,
      ),
    )
    .addOption(numberOption("--checkpoint-steps <n>", "steps between checkpoints (default: one epoch)"))
    .addOption(numberOption("--seed <n>", `same seed, same bits (default: ${defaults.seed})`))
    .option("--resume", "go on with the unfinished run in --out; repeat its other options")
    .optionsGroup("Other:")
    .addOption(deviceOption())
    .addOption(threadsOption())
    .addOption(jsonOption())
    .addHelpText(
      "after",
      examples(
        "attune train messages.csv --text message --label intent --model tiny",
        "attune train train.csv --dev dev.csv --test test.csv --out runs/spam",
        "attune train train.csv --model google-bert/bert-base-chinese",
      ),
    )
    .action(async (data, flags) => {
      context.finish(
        await outcome(context, flags.json ? "events" : "human", () => train(data, flags, context)),
      );
    });
}

/** Trains, shows how it goes, and says how to resume where Ctrl-C stops it. */
export async function train(data: string, flags: TrainFlags, context: Context): Promise<ExitCode> {
  const { terminal } = context;
  const options = trainTaskOptions(data, flags);
  const library = await context.loadLibrary();
  const sink = flags.json ? jsonSink(terminal) : new TrainView(terminal);
  let downloading = false;
  const interrupt = listenForInterrupt(terminal, {
    first: () =>
      sink.note(
        downloading
          ? "stopping the download; what has arrived is kept"
          : "finishing the step and saving; Ctrl-C again stops at once, without saving",
      ),
    second: () => sink.close(),
  });
  let resumable = false;
  try {
    const classifier = await library.train({
      ...options,
      signal: interrupt.signal,
      onEvent(event) {
        sink.show(event);
        downloading = event.event === "download";
        if (event.event === "interrupted") resumable = true;
        const note = event.event === "start" ? slowDeviceNote(event.device, flags.device) : undefined;
        if (note !== undefined) sink.note(note);
      },
    });
    await classifier.dispose();
    return 0;
  } catch (error) {
    if (errorCode(error) !== "ERR_INTERRUPTED") throw error;
    sink.close();
    const kept = downloading
      ? "stopped; the same command goes on with the download\n"
      : "stopped; there was nothing to save yet\n";
    terminal.stderr.write(resumable ? resumeText(context) : kept);
    return INTERRUPTED;
  } finally {
    sink.close();
    interrupt.release();
  }
}
