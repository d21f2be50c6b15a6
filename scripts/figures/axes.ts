/** Axes of charts: scales, ticks, their labels. */
import { FAINT, GRID, line, text } from "./svg.ts";

export interface Axis {
  readonly label: string;
  /** Default: from the data. */
  readonly range?: readonly [from: number, to: number];
  /** Powers of `log` are equally far apart. Default: linear. */
  readonly log?: 2 | 10;
  /** Where labels stand. Default: about five round numbers, or the powers. */
  readonly ticks?: readonly number[];
  readonly format?: (value: number) => string;
}

export interface Scale {
  /** A value's place in pixels. */
  readonly at: (value: number) => number;
  readonly ticks: readonly number[];
  readonly format: (value: number) => string;
}

/** The scale of an axis that shows `values` between two places. */
export function scaleOf(axis: Axis, values: readonly number[], [from, to]: readonly [number, number]): Scale {
  const { log } = axis;
  const [low, high] = axis.range ?? [Math.min(...values), Math.max(...values)];
  const project = (value: number) => (log === undefined ? value : Math.log(value) / Math.log(log));
  const [a, b] = [project(low), project(high)];
  const at = (value: number) => from + ((project(value) - a) / (b - a)) * (to - from);
  const ticks = axis.ticks ?? (log === undefined ? roundNumbers(low, high) : powers(log, a, b));
  const format = axis.format ?? ((value: number) => String(Math.round(value * 1e6) / 1e6));
  return { at, ticks, format };
}

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Grid, ticks and labels of both axes. */
export function drawAxes(box: Box, x: Scale, y: Scale, labels: { x: string; y: string }): string {
  const { left, top, right, bottom } = box;
  const across = y.ticks.map((value) => {
    const at = y.at(value);
    const label = text(y.format(value), left - 7, at + 4.5, { anchor: "end", fill: FAINT, size: 12 });
    return `${line(
      [
        [left, at],
        [right, at],
      ],
      GRID,
    )}\n${label}`;
  });
  const down = x.ticks.map((value) => {
    const at = x.at(value);
    const label = text(x.format(value), at, bottom + 18, { anchor: "middle", fill: FAINT, size: 12 });
    return `${line(
      [
        [at, bottom],
        [at, bottom + 4],
      ],
      FAINT,
    )}\n${label}`;
  });
  return [
    ...across,
    ...down,
    line(
      [
        [left, top],
        [left, bottom],
        [right, bottom],
      ],
      FAINT,
    ),
    text(labels.x, (left + right) / 2, bottom + 38, { anchor: "middle" }),
    text(labels.y, left - 46, (top + bottom) / 2, { anchor: "middle", turn: -90 }),
  ].join("\n");
}

function roundNumbers(low: number, high: number): number[] {
  const rough = (high - low) / 5;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = unit * ([1, 2, 5, 10].find((factor) => factor * unit >= rough) ?? 10);
  const first = Math.ceil(low / step - 1e-9);
  const count = Math.floor(high / step + 1e-9) - first + 1;
  return Array.from({ length: count }, (_, i) => (first + i) * step);
}

function powers(base: number, a: number, b: number): number[] {
  const first = Math.ceil(a - 1e-9);
  return Array.from({ length: Math.floor(b + 1e-9) - first + 1 }, (_, i) => base ** (first + i));
}
