/**
 * What `attune pretrain` shows of a run: what was read, a line an evaluation, the bar, and what came of it.
 *
 * Results go to standard output, warnings and the bar to standard error.
 */
import type {
  PretrainDone,
  PretrainEvaluation,
  PretrainEvent,
  PretrainPrepared,
  PretrainStart,
} from "../pretrain/index.ts";
import { fieldLines } from "./fields.ts";
import { count, counted, duration, score, short } from "./format.ts";
import { downloadState } from "./locate-model.ts";
import { writeNote } from "./notes.ts";
import { Progress } from "./progress.ts";
import { commandLine } from "./shell.ts";
import { layoutFor, type Terminal } from "./terminal.ts";
import type { EventSink } from "./train-view.ts";
import { wrap } from "./width.ts";

export const pretrainPhases: Readonly<Record<Extract<PretrainEvent, { event: "phase" }>["phase"], string>> = {
  vocabulary: "learning the vocabulary",
  tokenizing: "tokenizing the corpus",
  preparing: "building the training graph",
  initializing: "starting words from what stands near them",
};

/** For people. */
export class PretrainView implements EventSink<PretrainEvent> {
  readonly #terminal: Terminal;
  readonly #progress: Progress;
  #phase = "reading the corpus";
  #headed = false;
  #resumed = false;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    this.#progress = new Progress(terminal);
  }

  show(event: PretrainEvent): void {
    switch (event.event) {
      case "download":
        return this.#progress.update(downloadState(event));
      case "phase":
        this.#phase = pretrainPhases[event.phase];
        return this.#progress.update({ label: this.#phase });
      case "reading":
        return this.#progress.update({
          label: this.#phase,
          details: [`${count(event.documents)} documents`],
          done: event.file,
          total: event.files,
        });
      case "start":
        return this.#start(event);
      case "step":
        return this.#progress.update({
          label: `pass ${event.epoch.toFixed(2)}`,
          details: [`loss ${score(event.loss)}`, `${short(event.tokensPerSecond)} tokens/s`],
          done: event.step,
          total: event.totalSteps,
          remainingMs: event.remainingMs,
        });
      case "evaluation":
        return this.#evaluation(event);
      case "warning":
        return this.note(event.message);
      case "prepared":
        return this.#prepared(event);
      case "done":
        return this.#done(event);
      case "checkpoint":
      case "interrupted":
      case "stopped":
        return undefined;
    }
  }

  note(message: string): void {
    this.#progress.above(() => writeNote(this.#terminal, message));
  }

  close(): void {
    this.#progress.close();
  }

  #start(event: PretrainStart): void {
    const { corpus, model, resumedFrom } = event;
    this.#resumed = resumedFrom !== undefined;
    const field = (name: string, value: string) => fieldLines(name, value, layoutFor(this.#terminal.stdout));
    const sizes = `${counted(model.layers, "layer")} of ${model.hiddenSize}, ${count(model.vocabSize)} tokens`;
    const left = [
      ...(corpus.shortDocuments > 0 ? [`${count(corpus.shortDocuments)} short`] : []),
      ...(corpus.duplicateDocuments > 0 ? [`${count(corpus.duplicateDocuments)} repeated`] : []),
    ];
    this.#lines(
      ...field(
        "corpus",
        `${count(corpus.documents)} documents, ${short(corpus.tokens)} tokens, ${(100 * corpus.unknownShare).toFixed(2)}% unknown`,
      ),
      ...(left.length === 0 ? [] : field("left out", `${left.join(" and ")} documents`)),
      ...field("held out", `${count(corpus.devDocuments)} documents, ${short(corpus.devTokens)} tokens`),
      ...field("model", `${model.from}: ${sizes}, ${short(model.parameters)} weights`),
      ...field(
        "run",
        `${counted(event.totalSteps, "step")}, ${event.epochs.toFixed(2)} passes, seed ${event.seed}, ${event.device}`,
      ),
      ...field("out", event.out),
      ...(resumedFrom === undefined
        ? []
        : field("resumed", `after step ${count(resumedFrom)} of ${count(event.totalSteps)}`)),
    );
  }

  #evaluation(event: PretrainEvaluation): void {
    const columns: readonly (readonly [heading: string, cell: string])[] = [
      ["step", count(event.step)],
      ["tokens seen", short(event.tokens)],
      ["dev loss", score(event.loss)],
      ["accuracy", score(event.accuracy)],
      ["perplexity", event.perplexity.toFixed(2)],
      ...(event.sentenceAccuracy === undefined
        ? []
        : [["pair accuracy", score(event.sentenceAccuracy)] as const]),
    ];
    const widths = columns.map(([heading]) => Math.max(9, heading.length));
    const line = (cells: readonly string[]) => cells.map((cell, i) => cell.padStart(widths[i])).join("  ");
    if (!this.#headed)
      this.#lines("", this.#terminal.stdout.colors.dim(line(columns.map(([heading]) => heading))));
    this.#headed = true;
    this.#lines(line(columns.map(([, cell]) => cell)));
  }

  #prepared({ out }: PretrainPrepared): void {
    this.#progress.close();
    this.#lines(
      "",
      `the run is prepared in ${out}; to train it elsewhere:`,
      `  ${commandLine(["handoff", "torch", out, "--out", "FOLDER"])}`,
      "to train it here, the same command with --resume in place of --prepare-only",
    );
  }

  #done(event: PretrainDone): void {
    this.#progress.close();
    const { width } = layoutFor(this.#terminal.stdout);
    const seen = `${counted(event.steps, "step")}, ${short(event.tokens)} tokens`;
    const took = duration(event.elapsedMs);
    const summary = `${seen} ${this.#resumed ? `in all, ${took} since it was resumed` : `in ${took}`}; hidden words guessed right: ${(100 * event.dev.accuracy).toFixed(1)}%; pseudo-perplexity ${event.pseudoPerplexity.toFixed(2)}`;
    this.#lines(
      "",
      ...wrap(summary, width),
      "",
      `the model is in ${event.out}; next:`,
      `  ${commandLine(["fill-mask", event.out, "a sentence with a [MASK] in it"])}`,
      `  ${commandLine(["train", "DATA", "--model", event.out])}`,
    );
  }

  #lines(...lines: readonly string[]): void {
    this.#progress.above(() => this.#terminal.stdout.write(lines.map((line) => `${line}\n`).join("")));
  }
}
