/**
 * A prediction for people: the label, how sure, the text, and what of the text the model could not read.
 *
 * One line a text where it has one label; where it may have several, the text and its labels below it.
 */
import type { Input, MultiPrediction, Prediction, Receipt, SinglePrediction } from "../tasks/types.ts";
import { count, counted } from "./format.ts";
import type { Layout } from "./terminal.ts";
import { hang, padEnd, printable, stringWidth, truncate } from "./width.ts";

export interface PredictionLayout extends Layout {
  /** The model's labels: columns are as wide as the widest. */
  readonly labels: readonly string[];
}

const WIDEST_LABEL = 24;
const BAR = 10;
/** A narrower terminal needs the room for the text. */
const BAR_FROM_WIDTH = 60;

/** Lines for one text, none wider than the layout. */
export function predictionLines(input: Input, prediction: Prediction, layout: PredictionLayout): string[] {
  const { lines, indent } =
    "label" in prediction ? single(input, prediction, layout) : multi(input, prediction, layout);
  const losses = receiptText(prediction.receipt);
  if (losses === undefined) return lines;
  return [...lines, ...hang(`${" ".repeat(indent)}! `, losses, layout.width).map(layout.colors.yellow)];
}

interface Block {
  readonly lines: string[];
  /** Where notes below it begin. */
  readonly indent: number;
}

function single(
  input: Input,
  { label, score }: SinglePrediction,
  { width, colors, labels }: PredictionLayout,
): Block {
  const labelWidth = Math.min(WIDEST_LABEL, Math.max(...labels.map((name) => stringWidth(printable(name)))));
  const name = padEnd(truncate(printable(label), labelWidth), labelWidth);
  const meter = width < BAR_FROM_WIDTH ? "" : `${padEnd(bar(score), BAR)} `;
  const indent = labelWidth + 2 + meter.length + SCORE_WIDTH + 2;
  const text = truncate(shown(input, width), width - indent);
  return { lines: [`${colors.bold(name)}  ${colors.cyan(meter)}${score.toFixed(3)}  ${text}`], indent };
}

const SCORE_WIDTH = 5;

function multi(
  input: Input,
  { labels, scores }: MultiPrediction,
  { width, colors }: PredictionLayout,
): Block {
  const named = (label: string) => `${printable(label)} ${scores[label].toFixed(3)}`;
  const [likeliest] = Object.keys(scores).sort((a, b) => scores[b] - scores[a]);
  const found =
    labels.length === 0 ? `no label; the likeliest is ${named(likeliest)}` : labels.map(named).join(", ");
  const style = labels.length === 0 ? colors.dim : colors.bold;
  return { lines: [truncate(shown(input, width), width), ...hang("  ", found, width).map(style)], indent: 2 };
}

/** As much of the input as can be seen: a text may have 100,000 characters. */
function shown(input: Input, width: number): string {
  const start = (text: string) => text.slice(0, 4 * width);
  if (typeof input === "string") return printable(start(input)).trim();
  const pair = input.textPair === undefined ? "" : ` / ${start(input.textPair)}`;
  return printable(start(input.text) + pair).trim();
}

const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

function bar(share: number): string {
  const eighths = Math.round(share * BAR * 8);
  return "█".repeat(eighths >> 3) + EIGHTHS[eighths & 7];
}

/** What the model did not get to read; undefined where it read all. */
function receiptText({ tokens, truncatedTokens, unknownTokens }: Receipt): string | undefined {
  const parts = [
    ...(truncatedTokens > 0
      ? [`${counted(truncatedTokens, "token")} left out, only ${count(tokens)} fit`]
      : []),
    ...(unknownTokens > 0 ? [`${counted(unknownTokens, "unknown word")}`] : []),
  ];
  return parts.length === 0 ? undefined : parts.join("; ");
}
