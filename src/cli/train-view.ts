/**
 * What `attune train` shows of a run: what was read, a line an epoch, the bar, and at the end the reports.
 *
 * Results go to standard output, warnings and the bar to standard error. Says nothing of how the run ended badly:
 * train.ts and outcome.ts do.
 */
import type { DoneEvent, EvaluationEvent, StartEvent, StepEvent, TrainEvent } from "../train/events.ts";
import { confusionLines } from "./confusion-view.ts";
import { fieldLines } from "./fields.ts";
import { count, counted, duration, score, short } from "./format.ts";
import { downloadState } from "./locate-model.ts";
import { writeNote } from "./notes.ts";
import { Progress } from "./progress.ts";
import { perLabelLines, totalsLines } from "./report.ts";
import { commandLine } from "./shell.ts";
import { layoutFor, type Terminal } from "./terminal.ts";
import { wrap } from "./width.ts";

/** Where the events of a run go. */
export interface EventSink<E> {
  show(event: E): void;
  /** A word to the user, on standard error. */
  note(message: string): void;
  /** Puts the screen in order; call it however the run ended. */
  close(): void;
}

/** For programs: an event a line. */
export function jsonSink(terminal: Terminal): EventSink<object> {
  return {
    show: (event) => terminal.stdout.write(`${JSON.stringify(event)}\n`),
    note: (message) => writeNote(terminal, message),
    close: () => undefined,
  };
}

const phases: Readonly<Record<Extract<TrainEvent, { event: "phase" }>["phase"], string>> = {
  reading: "reading the data",
  vocabulary: "learning the vocabulary",
  tokenizing: "tokenizing",
  preparing: "building the training graph",
};

const MOST_LABELS = 15;

/** For people. */
export class TrainView implements EventSink<TrainEvent> {
  readonly #terminal: Terminal;
  readonly #progress: Progress;
  /** Losses of the steps since the last evaluation. */
  #losses: number[] = [];
  /** Width of each column of the training curve, once its headings stand. */
  #curve: readonly number[] | undefined;
  #run: Pick<StartEvent, "epochs" | "totalSteps" | "data"> | undefined;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    this.#progress = new Progress(terminal);
  }

  show(event: TrainEvent): void {
    switch (event.event) {
      case "download":
        return this.#progress.update(downloadState(event));
      case "phase":
        return this.#progress.update({ label: phases[event.phase] });
      case "start":
        return this.#start(event);
      case "step":
        return this.#step(event);
      case "evaluation":
        return this.#evaluation(event);
      case "warning":
        return this.note(event.message);
      case "done":
        return this.#done(event);
      case "checkpoint":
      case "interrupted":
        return undefined;
    }
  }

  note(message: string): void {
    this.#progress.above(() => writeNote(this.#terminal, message));
  }

  close(): void {
    this.#progress.close();
  }

  #start(event: StartEvent): void {
    const { data, model, resumedFrom } = event;
    this.#run = event;
    const splits = [
      `${count(data.train)} train`,
      `${count(data.dev)} dev`,
      ...(data.test === undefined ? [] : [`${count(data.test)} test`]),
    ].join(", ");
    const kind = data.kind === "multi" ? " (a text may have several)" : "";
    const sizes = `${counted(model.layers, "layer")} of ${model.hiddenSize}, ${count(model.vocabSize)} tokens`;
    const field = (name: string, value: string) => fieldLines(name, value, layoutFor(this.#terminal.stdout));
    this.#lines(
      ...field(
        "data",
        `${splits}; ${counted(data.labels.length, "label")}${kind}: ${labelList(data.labels)}`,
      ),
      ...field("model", `${model.from}: ${sizes}, ${short(model.parameters)} weights`),
      ...field(
        "run",
        `${counted(event.epochs, "epoch")}, ${counted(event.totalSteps, "step")}, seed ${event.seed}, ${event.device}`,
      ),
      ...field("out", event.out),
      ...(resumedFrom === undefined
        ? []
        : field("resumed", `after step ${count(resumedFrom)} of ${count(event.totalSteps)}`)),
    );
  }

  #step(event: StepEvent): void {
    this.#losses.push(event.loss);
    this.#progress.update({
      label: `epoch ${event.epoch}/${event.epochs}`,
      details: [`loss ${score(event.loss)}`, `${short(event.tokensPerSecond)} tokens/s`],
      done: event.step,
      total: event.totalSteps,
      remainingMs: event.remainingMs,
    });
  }

  #evaluation(event: EvaluationEvent): void {
    const { colors } = this.#terminal.stdout;
    const mean = this.#losses.reduce((sum, loss) => sum + loss, 0) / this.#losses.length;
    this.#losses = [];
    const row = this.#curveLine([
      `${event.epoch}/${this.#run?.epochs ?? "?"}`,
      count(event.step),
      Number.isNaN(mean) ? "-" : score(mean), // a run may resume right before an evaluation
      score(event.loss),
      score(event.accuracy),
      score(event.macroF1),
    ]);
    this.#lines(event.kept ? row : `${row}  ${colors.dim("not kept")}`);
  }

  /** A line of the training curve; the first one brings the headings. */
  #curveLine(cells: readonly string[]): string {
    if (this.#curve === undefined) {
      const { epochs = 0, totalSteps = 0, data } = this.#run ?? {};
      const measure = data?.kind === "multi" ? "subset acc." : "accuracy";
      const headings = ["epoch", "step", "train loss", "dev loss", measure, "macro F1"];
      const longest = [`${epochs}/${epochs}`, count(totalSteps), "", "", "", ""];
      const widths = headings.map((heading, i) => Math.max(heading.length, longest[i].length));
      this.#curve = widths;
      this.#lines("", this.#terminal.stdout.colors.dim(this.#curveLine(headings)));
    }
    const widths = this.#curve;
    return cells.map((cell, i) => cell.padStart(widths[i])).join("  ");
  }

  #done(event: DoneEvent): void {
    const layout = layoutFor(this.#terminal.stdout);
    const { dev, test } = event;
    const early = event.stoppedEarly ? ", stopped early since dev no longer improved" : "";
    const kept = `weights of epoch ${event.keptEpoch}, step ${count(event.keptStep)}`;
    const summary = `${kept}; ${counted(event.steps, "step")} in ${duration(event.elapsedMs)}${early}`;
    const last = test ?? dev;
    const name = test === undefined ? "dev" : "test";
    this.#progress.close();
    this.#lines(
      "",
      ...wrap(summary, layout.width),
      "",
      ...totalsLines(test === undefined ? { dev } : { dev, test }, layout),
      "",
      `${name}, by label`,
      ...perLabelLines(last, layout),
      ...(last.kind === "single" ? ["", `${name} ${confusionLines(last.confusion, layout).join("\n")}`] : []),
      "",
      `the model is in ${event.out}; next:`,
      `  ${commandLine(["predict", event.out, "--input", "a text of yours"])}`,
      ...(test === undefined ? [`  ${commandLine(["evaluate", event.out, "FILE"])}`] : []),
      `  ${commandLine(["export", event.out])}`,
    );
  }

  #lines(...lines: readonly string[]): void {
    this.#progress.above(() => this.#terminal.stdout.write(lines.map((line) => `${line}\n`).join("")));
  }
}

function labelList(labels: readonly string[]): string {
  const shown = labels.slice(0, MOST_LABELS).join(", ");
  return labels.length > MOST_LABELS ? `${shown} and ${labels.length - MOST_LABELS} more` : shown;
}
