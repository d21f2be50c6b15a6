/** `attune fill-mask`: what a pre-trained model would write in place of [MASK]. */
import type { DeviceChoice } from "../runtime/index.ts";
import type { FilledMask } from "../tasks/fill-mask.ts";
import {
  type AnyCommand,
  createCommand,
  deviceOption,
  examples,
  jsonOption,
  threadsOption,
  topKOption,
} from "./command.ts";
import type { Context, ExitCode } from "./context.ts";
import { locateModel } from "./locate-model.ts";
import { noteSlowDevice } from "./notes.ts";
import { outcome, UsageError } from "./outcome.ts";
import { Progress } from "./progress.ts";
import { formatTable } from "./table.ts";
import { layoutFor } from "./terminal.ts";

export interface FillMaskFlags {
  readonly topK?: number;
  readonly device?: DeviceChoice;
  readonly threads?: number;
  readonly json?: true;
}

export function fillMaskCommand(context: Context): AnyCommand {
  return createCommand("fill-mask")
    .description(
      "Says what a pre-trained model would write in place of each [MASK] of a text. In Chinese a [MASK] is one " +
        "character. With --json an object a text: its masks, and for each the candidates with their probability.",
    )
    .argument("<model>", "model folder, hub id, or attune-zh-en-mini, which is built in")
    .argument("<text...>", "texts with [MASK] in them")
    .addOption(topKOption())
    .addOption(deviceOption())
    .addOption(threadsOption())
    .addOption(jsonOption())
    .addHelpText(
      "after",
      examples(
        'attune fill-mask attune-zh-en-mini "Paris is the [MASK] of France."',
        'attune fill-mask attune-zh-en-mini "北京是中国的首[MASK]。" --top-k 3',
      ),
    )
    .action(async (model, texts, flags) => {
      const form = flags.json ? "object" : "human";
      context.finish(await outcome(context, form, () => fillMasks(model, texts, flags, context)));
    });
}

/** Fills the masks of every text and prints them. */
export async function fillMasks(
  folder: string,
  texts: readonly string[],
  flags: FillMaskFlags,
  context: Context,
): Promise<ExitCode> {
  const { terminal } = context;
  const { device, threads, topK } = flags;
  const place = await locateModel(context, folder);
  const progress = new Progress(terminal, { delayMs: 500 });
  try {
    progress.update({ label: "loading the model" });
    const model = await context.loadMaskFiller(place.folder, { device, threads });
    try {
      if (topK !== undefined && topK > model.vocabSize)
        throw new UsageError(
          `--top-k must be at most ${model.vocabSize}, the size of the vocabulary, not ${topK}`,
        );
      progress.above(() => noteSlowDevice(terminal, model.device, device));
      for (const text of texts) {
        const masks = await model.fill(text, topK === undefined ? {} : { topK });
        progress.close();
        terminal.stdout.write(
          flags.json ? `${JSON.stringify({ text, masks })}\n` : human(text, masks, context),
        );
      }
      return 0;
    } finally {
      await model.dispose();
    }
  } finally {
    progress.close();
  }
}

function human(text: string, masks: readonly FilledMask[], { terminal }: Context): string {
  const { width, colors } = layoutFor(terminal.stdout);
  const tables = masks.map(({ mask, candidates }) =>
    formatTable(
      [
        { heading: masks.length > 1 ? `[MASK] ${mask + 1}` : "[MASK]", align: "left" },
        { heading: "probability", align: "right" },
        { heading: "text", align: "left", flexible: true },
      ],
      candidates.map(({ token, score, text: filled }) => [token, score.toFixed(4), filled]),
      { width, headingStyle: colors.dim },
    ).join("\n"),
  );
  return `${[colors.bold(text), ...tables].join("\n\n")}\n\n`;
}
