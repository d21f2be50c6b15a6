/**
 * A walk through a layer for people: each step with its formula, its shape, and the first of its numbers.
 *
 * Formulas: Vaswani et al. 2017, sections 3.1 to 3.3; a layer of BERT adds and normalises after each half. All numbers
 * are the model's; only means and deviations of rows are computed here.
 */
import type { LayerWalk, WalkStep, WalkStepName } from "../tasks/walk-types.ts";
import { ofHead } from "../tasks/of-head.ts";
import { fieldLines } from "./fields.ts";
import { count, counted } from "./format.ts";
import { cellText, numberTable } from "./number-table.ts";
import type { Layout } from "./terminal.ts";
import { hang, printable, wrap } from "./width.ts";

/** Rows of a table of vectors, and of attention. */
const MOST_VECTORS = 4;
const MOST_QUERIES = 16;
const MOST_LABELS = 10;

/** All of it: the tokens, the steps in the order of computation, the model's answer. */
export function walkLines(walk: LayerWalk, layout: Layout): string[] {
  return [...headLines(walk, layout), ...new WalkView(walk, layout).lines(), ...logitLines(walk, layout)];
}

function headLines(walk: LayerWalk, layout: Layout): string[] {
  const { path, layer, layers, heads, headSize, hiddenSize, tokens, receipt } = walk;
  const texts = tokens.map(({ token }) => token).join(" ");
  const second = tokens.findIndex(({ type }) => type === 1);
  const padding = tokens.filter((token) => token.padding).length;
  const notes = [
    ...(receipt.truncatedTokens > 0
      ? [`${counted(receipt.truncatedTokens, "token")} left out, only ${count(receipt.tokens)} fit`]
      : []),
    ...(receipt.unknownTokens > 0 ? [counted(receipt.unknownTokens, "unknown word")] : []),
  ];
  return [
    layout.colors.bold(printable(path)),
    ...fieldLines("layer", `${layer} of 0 to ${layers - 1}`, layout),
    ...fieldLines("sizes", `h = ${hiddenSize}: ${counted(heads, "head")} of d = ${headSize}`, layout),
    ...fieldLines("tokens", `t = ${tokens.length}: ${texts}`, layout),
    ...fieldLines("ids", tokens.map(({ id }) => id).join(" "), layout),
    ...(second < 0 ? [] : fieldLines("pair", `the second text begins at token ${second}`, layout)),
    ...(padding === 0 ? [] : fieldLines("padding", `the last ${counted(padding, "token")}`, layout)),
    ...notes.flatMap((note) => fieldLines("note", note, layout).map(layout.colors.yellow)),
  ];
}

class WalkView {
  readonly #walk: LayerWalk;
  readonly #layout: Layout;
  /** The head whose numbers are shown. */
  readonly #head: number;
  #number = 0;

  constructor(walk: LayerWalk, layout: Layout) {
    this.#walk = walk;
    this.#layout = layout;
    this.#head = walk.head ?? 0;
  }

  lines(): string[] {
    const { layer, headSize, heads, head, layerNormEps } = this.#walk;
    const from =
      layer === 0 ? "the embeddings: word + position + type, normalised" : `what layer ${layer - 1} gave`;
    const which = `head ${this.#head} of 0 to ${heads - 1}`;
    const others = heads > 1 && head === undefined ? `${which}; --head N shows another` : which;
    const deviation = `sqrt(var + ${layerNormEps})`;
    return [
      ...this.#vectors("input", "input", from, { stats: true }),
      ...this.#heading("The heads", undefined, `shown is ${others}`),
      ...this.#vectors("q", "Q", "what each token asks for: input Wq + bq"),
      ...this.#vectors("k", "K", "what each token offers: input Wk + bk"),
      ...this.#vectors("v", "V", "what it then gives: input Wv + bv"),
      ...this.#attention("scores", "scores", `Q K^T / sqrt(${headSize}): a row for each token that asks`),
      ...this.#scoreExample(),
      ...this.#mask(),
      ...this.#attention("weights", "weights", "softmax(scores + mask): each row sums to 1"),
      ...this.#weightExample(),
      ...this.#favourites(),
      ...this.#vectors("context", "context", "weights V: means of V's rows, weighted; heads side by side"),
      ...this.#vectors("attentionOutput", "attention", "context Wo + bo"),
      ...this.#vectors("attentionNormBefore", "residual1", "attention + input", { stats: true }),
      ...this.#vectors("attentionNormAfter", "norm1", `(residual1 - mean) / ${deviation} * weight + bias`, {
        stats: true,
      }),
      ...this.#vectors("intermediate", "inner", "GELU(norm1 W1 + b1), the feed-forward's first half"),
      ...this.#vectors("feedForwardOutput", "feedforward", "inner W2 + b2"),
      ...this.#vectors("outputNormBefore", "residual2", "feedforward + norm1", { stats: true }),
      ...this.#vectors("output", "output", "residual2 normalised as residual1 was: what the layer gives", {
        stats: true,
      }),
    ];
  }

  /** One matrix [t, ...] row by row: its first numbers, and each row's mean and deviation. */
  #vectors(
    name: WalkStepName,
    title: string,
    text: string,
    { stats = false }: { readonly stats?: boolean } = {},
  ): string[] {
    const whole = this.#walk.steps[name];
    const step = this.#ofHead(whole);
    const [, width] = step.shape;
    const row = (i: number) => step.values.subarray(i * width, (i + 1) * width);
    const table = numberTable(
      {
        rows: this.#names(),
        rowNoun: "tokens",
        columns: Array.from({ length: width }, (_, i) => String(i)),
        columnNoun: "numbers",
        cell: (i, j) => cellText(row(i)[j]),
        extra: stats
          ? [
              { name: "mean", cell: (i) => cellText(moments(row(i)).mean) },
              { name: "std", cell: (i) => cellText(moments(row(i)).std) },
            ]
          : [],
      },
      { ...this.#layout, mostRows: MOST_VECTORS },
    );
    return [...this.#heading(title, whole, text), ...table];
  }

  /** A matrix [t, s] of one head: rows ask, columns are asked; the largest of a row stands out. */
  #attention(name: "scores" | "weights", title: string, text: string): string[] {
    const whole = this.#walk.steps[name];
    const { shape, values } = this.#ofHead(whole);
    const table = numberTable(
      {
        rows: this.#names(),
        rowNoun: "rows",
        columns: this.#walk.tokens.map(({ token }) => printable(token)),
        columnNoun: "columns",
        cell: (i, j) => {
          const row = values.subarray(i * shape[1], (i + 1) * shape[1]);
          const shown = cellText(row[j], name === "scores" ? 2 : 3);
          return name === "weights" && j === argmax(row)
            ? { text: shown, style: this.#layout.colors.cyan }
            : shown;
        },
      },
      { ...this.#layout, mostRows: MOST_QUERIES },
    );
    return [...this.#heading(title, whole, text), ...table];
  }

  #mask(): string[] {
    const whole = this.#walk.steps.mask;
    const { tokens } = this.#walk;
    const padding = tokens.findIndex((token) => token.padding);
    const hidden = tokens.filter((token) => token.padding).length;
    const { values } = this.#ofHead(whole);
    const said =
      hidden === 0
        ? "0 for every token: there is no padding to hide"
        : `0 for tokens, ${cellText(values[values.length - 1])} for ${hidden} of padding, which get no weight`;
    const table = numberTable(
      {
        rows: ["every row"],
        rowNoun: "rows",
        columns: tokens.map(({ token }) => printable(token)),
        columnNoun: "columns",
        firstColumn: Math.max(0, padding - 1), // where the values change
        cell: (_, j) => (values[j] === 0 ? "0" : cellText(values[j])),
      },
      { ...this.#layout, mostRows: 1 },
    );
    return [...this.#heading("mask", whole, said), ...(hidden === 0 ? [] : table)];
  }

  /** The score behind the first token's largest weight, as the sum of products that it is. */
  #scoreExample(): string[] {
    const { headSize } = this.#walk;
    const [q, k] = [this.#values("q"), this.#values("k")];
    const key = this.#firstChoice();
    const products = [0, 1].map((i) => `${cellText(q[i])} * ${cellText(k[key * headSize + i])}`);
    const more = headSize > 2 ? ` + ${headSize - 2} more` : "";
    const sum = `(${products.slice(0, headSize).join(" + ")}${more}) / sqrt(${headSize})`;
    return this.#example(`${this.#pairName(key)}: ${sum} = ${cellText(this.#values("scores")[key])}`);
  }

  /** The same place after softmax. */
  #weightExample(): string[] {
    const key = this.#firstChoice();
    const others = this.#walk.tokens.filter(({ padding }) => !padding).length - 1; // exp of the mask is 0
    const top = `exp(${cellText(this.#values("scores")[key])})`;
    const all = others > 0 ? `(${top} + ${others} more)` : top;
    return this.#example(
      `${this.#pairName(key)}: ${top} / ${all} = ${cellText(this.#values("weights")[key])}`,
    );
  }

  /** From which token the first takes most. */
  #firstChoice(): number {
    return argmax(this.#values("weights").subarray(0, this.#walk.tokens.length));
  }

  /** Of every head, the key from which each token takes most. */
  #favourites(): string[] {
    const { heads, head, tokens, steps } = this.#walk;
    if (heads === 1 || head !== undefined) return [];
    const all = Array.from({ length: heads }, (_, i) => ofHead(steps.weights, i));
    const table = numberTable(
      {
        rows: this.#names(),
        rowNoun: "rows",
        columns: all.map((_, i) => `head ${i}`),
        columnNoun: "heads",
        cell: (i, j) => {
          const { shape, values } = all[j];
          const row = values.subarray(i * shape[1], (i + 1) * shape[1]);
          const key = argmax(row);
          return `${printable(tokens[key].token)} ${row[key].toFixed(2)}`;
        },
      },
      { ...this.#layout, mostRows: MOST_QUERIES },
    );
    return [...this.#heading("every head", undefined, "the token from which each takes most"), ...table];
  }

  #example(text: string): string[] {
    return hang("  e.g. ", text, this.#layout.width).map(this.#layout.colors.dim);
  }

  #pairName(key: number): string {
    const names = this.#names();
    return `${names[0]} to ${names[key]}`;
  }

  #heading(title: string, step: WalkStep | undefined, text: string): string[] {
    const { width, colors } = this.#layout;
    if (step === undefined) return ["", ...wrap(`${title}: ${text}`, width)];
    this.#number += 1;
    const head = `${this.#number}. ${title}`;
    const dims = step.dims.map((dim, i) => (dim === String(step.shape[i]) ? dim : `${dim} ${step.shape[i]}`));
    const [first, ...rest] = wrap(`${head} = ${text}`, width);
    return [
      "",
      `${colors.bold(first.slice(0, head.length))}${first.slice(head.length)}`,
      ...rest,
      ...hang("  ", `[${dims.join(", ")}] ${step.path}`, width).map(colors.dim),
    ];
  }

  /** The numbers of the head that is shown. */
  #values(name: WalkStepName): Float32Array {
    return this.#ofHead(this.#walk.steps[name]).values;
  }

  #ofHead(step: WalkStep): WalkStep {
    return ofHead(step, this.#head);
  }

  #names(): string[] {
    return this.#walk.tokens.map(({ token }, i) => `${i} ${printable(token)}`);
  }
}

function logitLines({ logits }: LayerWalk, layout: Layout): string[] {
  if (logits === undefined) return [];
  const sorted = [...logits].sort((a, b) => b.logit - a.logit);
  const shown = sorted.slice(0, MOST_LABELS).map(({ label, logit }) => `${label} ${cellText(logit)}`);
  const more = sorted.length > MOST_LABELS ? [`and ${count(sorted.length - MOST_LABELS)} lower ones`] : [];
  return ["", ...fieldLines("logits", `of the whole model: ${[...shown, ...more].join(", ")}`, layout)];
}

/** Mean and standard deviation, as layer normalisation takes them: over all, not all but one. */
function moments(values: Float32Array): { readonly mean: number; readonly std: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { mean, std: Math.sqrt(variance) };
}

function argmax(values: Float32Array): number {
  return values.reduce((best, value, i) => (value > values[best] ? i : best), 0);
}
