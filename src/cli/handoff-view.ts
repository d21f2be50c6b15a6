/** What `attune handoff` and `attune import` show: the bar while they work, then what came of it and what comes next. */
import type { HandoffDone, HandoffEvent, ImportDone } from "../handoff/index.ts";
import type { PretrainEvent } from "../pretrain/index.ts";
import { count, fileSize, score, short } from "./format.ts";
import { writeNote } from "./notes.ts";
import { pretrainPhases } from "./pretrain-view.ts";
import { Progress } from "./progress.ts";
import { commandLine } from "./shell.ts";
import { layoutFor, type Terminal } from "./terminal.ts";
import type { EventSink } from "./train-view.ts";
import { wrap } from "./width.ts";

type Shown = PretrainEvent | HandoffEvent | HandoffDone | ImportDone;

const phases = { ...pretrainPhases, writing: "writing the hand-off", scoring: "scoring the held-out text" };

/** For people. */
export class HandoffView implements EventSink<Shown> {
  readonly #terminal: Terminal;
  readonly #progress: Progress;
  #phase = "reading the corpus";

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    this.#progress = new Progress(terminal);
  }

  show(event: Shown): void {
    if (event.event === "phase") {
      this.#phase = phases[event.phase];
      this.#progress.update({ label: this.#phase });
    } else if (event.event === "reading") {
      const details = [`${count(event.documents)} documents`];
      this.#progress.update({ label: this.#phase, details, done: event.file, total: event.files });
    } else if (event.event === "warning") {
      this.note(event.message);
    } else if (event.event === "done") {
      this.#progress.close();
      if ("finished" in event) this.#imported(event);
      else if ("bytes" in event) this.#handedOn(event);
    }
  }

  note(message: string): void {
    this.#progress.above(() => writeNote(this.#terminal, message));
  }

  close(): void {
    this.#progress.close();
  }

  #handedOn({ out, bytes, step, totalSteps, parameters, tokens }: HandoffDone): void {
    this.#summary(
      `wrote ${out} (${fileSize(bytes)}): ${short(parameters)} weights after step ${count(step)} of ${count(totalSteps)}, ${short(tokens)} tokens of text`,
    );
    this.#lines(
      "copy the folder to the machine that is to train, and there:",
      "  python pretrain.py",
      "  torchrun --nproc_per_node=GPUS pretrain.py",
      "then copy it back, and here:",
      `  ${commandLine(["import", out])}`,
    );
  }

  #imported({ finished, out, step, totalSteps, tokens, dev, pseudoPerplexity }: ImportDone): void {
    const perplexity =
      pseudoPerplexity === undefined ? "" : `; pseudo-perplexity ${pseudoPerplexity.toFixed(2)}`;
    this.#summary(
      `step ${count(step)} of ${count(totalSteps)}, ${short(tokens)} tokens seen; held-out loss ${score(dev.loss)}, hidden words guessed right: ${(100 * dev.accuracy).toFixed(1)}%${perplexity}`,
    );
    if (finished)
      this.#lines(
        `the model is in ${out}; next:`,
        `  ${commandLine(["fill-mask", out, "a sentence with a [MASK] in it"])}`,
        `  ${commandLine(["train", "DATA", "--model", out])}`,
      );
    else
      this.#lines(
        `the run in ${out} is unfinished; to go on here, repeat the command that began it, with:`,
        `  ${commandLine(["pretrain", "CORPUS", "...", "--out", out, "--resume"])}`,
      );
  }

  #summary(text: string): void {
    this.#lines(...wrap(text, layoutFor(this.#terminal.stdout).width), "");
  }

  #lines(...lines: readonly string[]): void {
    this.#terminal.stdout.write(lines.map((line) => `${line}\n`).join(""));
  }
}
