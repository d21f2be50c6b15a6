/** `attune inspect`: what a model is made of, and what a sentence becomes on its way through one layer. */
import type { DeviceChoice } from "../runtime/index.ts";
import type { LayerWalk } from "../tasks/walk-types.ts";
import {
  type AnyCommand,
  createCommand,
  createOption,
  deviceOption,
  examples,
  indexOption,
  jsonOption,
  threadsOption,
} from "./command.ts";
import type { Context, ExitCode } from "./context.ts";
import { modelGraphLines } from "./inspect-graph-view.ts";
import { walkLines } from "./inspect-walk-view.ts";
import { locateModel } from "./locate-model.ts";
import { outcome, UsageError } from "./outcome.ts";
import { Progress } from "./progress.ts";
import { layoutFor } from "./terminal.ts";

/** Work that ends sooner shows no bar. */
const BAR_AFTER_MS = 500;

export interface InspectFlags {
  readonly layer?: number;
  readonly text?: string;
  readonly textPair?: string;
  readonly head?: number;
  readonly padTo?: number;
  readonly graph?: "inference" | "training";
  readonly device?: DeviceChoice;
  readonly threads?: number;
  readonly json?: true;
}

export function inspectCommand(context: Context): AnyCommand {
  return createCommand("inspect")
    .description(
      "Shows what a model is made of: its sizes, its weights by part, and its graph, an operation " +
        "a row with shape and parameters. With --layer and --text, walks the text through that " +
        "layer with the real numbers: Q, K, V, scores, mask, softmax, norms, feed-forward.",
    )
    .argument("<model>", "model folder or hub id; without --text, an ONNX file will do")
    .addOption(indexOption("--layer <n>", "only this layer; the first is 0"))
    .addOption(createOption("--text <text>", "a text to walk through the layer"))
    .addOption(createOption("--text-pair <text>", "the second text of a pair"))
    .addOption(indexOption("--head <n>", "the head whose numbers to show; the first is 0"))
    .addOption(indexOption("--pad-to <n>", "fill up with padding to n tokens, to see the mask at work"))
    .addOption(
      createOption("--graph <name>", "what to show without --text (default: inference)").choices([
        "inference",
        "training",
      ] as const),
    )
    .addOption(deviceOption())
    .addOption(threadsOption())
    .addOption(jsonOption())
    .addHelpText(
      "after",
      examples(
        "attune inspect runs/spam",
        "attune inspect runs/spam --layer 0",
        'attune inspect runs/spam --layer 0 --text "You have won a prize"',
      ),
    )
    .action(async (model, flags) => {
      const form = flags.json ? "object" : "human";
      context.finish(await outcome(context, form, () => inspect(model, flags, context)));
    });
}

/** Looks into the model, or walks a text through one layer of it, and shows what there is. */
export async function inspect(model: string, flags: InspectFlags, context: Context): Promise<ExitCode> {
  checkFlags(flags);
  const { folder: path } = await locateModel(context, model);
  const { stdout } = context.terminal;
  const layout = layoutFor(stdout);
  const lines = await withProgress(context, async () => {
    const { describeModel, walkLayer } = await context.loadInspector();
    const { layer, text, textPair, head, padTo, graph, device, threads } = flags;
    if (text === undefined || layer === undefined) {
      const description = await describeModel(path, { layer, graph });
      const { text: _, ...data } = description; // programs have the same graph as data
      return flags.json ? [JSON.stringify(data)] : modelGraphLines(description, layout, layer);
    }
    const walk = await walkLayer(path, { layer, text, textPair, head, padTo, device, threads });
    return flags.json ? [walkJson(walk)] : walkLines(walk, layout);
  });
  stdout.write(lines.map((line) => `${line}\n`).join(""));
  await stdout.drained();
  return 0;
}

/** @throws UsageError where a flag would have no effect */
function checkFlags(flags: InspectFlags): void {
  const { layer, text, textPair, head, padTo, graph, device, threads } = flags;
  if (text === undefined) {
    const ofWalks = {
      "--text-pair": textPair,
      "--head": head,
      "--pad-to": padTo,
      "--device": device,
      "--threads": threads,
    };
    const given = Object.entries(ofWalks).find(([, value]) => value !== undefined);
    if (given !== undefined)
      throw new UsageError(`without --text nothing is computed, so ${given[0]} has no effect; add --text`);
    return;
  }
  if (layer === undefined)
    throw new UsageError("--text is walked through one layer; say which with --layer, the first is 0");
  if (graph !== undefined)
    throw new UsageError("--text shows numbers and no graph, so --graph has no effect; leave one out");
}

async function withProgress<T>({ terminal }: Context, work: () => Promise<T>): Promise<T> {
  const progress = new Progress(terminal, { delayMs: BAR_AFTER_MS });
  try {
    progress.update({ label: "looking into the model" });
    return await work();
  } finally {
    progress.close();
  }
}

/** Every number, as lists: JSON knows no typed arrays. */
function walkJson(walk: LayerWalk): string {
  const steps = Object.fromEntries(
    Object.entries(walk.steps).map(([name, step]) => [name, { ...step, values: [...step.values] }]),
  );
  return JSON.stringify({ ...walk, steps });
}
