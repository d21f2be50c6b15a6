/** How often values fall into each of equal bins: several sets of values over one axis. */
import type { Axis } from "./axes.ts";
import { drawAxes, scaleOf } from "./axes.ts";
import type { Panel } from "./svg.ts";
import { COLOURS, DASHES, legend, line, text } from "./svg.ts";

export interface HistogramOptions {
  /** `range` is needed: values outside are left out. */
  readonly x: Axis & { readonly range: readonly [from: number, to: number] };
  /** Label of the upright axis, which counts shares of each set. */
  readonly yLabel: string;
  readonly series: readonly { readonly name: string; readonly values: ArrayLike<number> }[];
  readonly bins?: number;
  readonly title?: string;
  /** Of the area between the axes, in pixels. Default 420 x 220. */
  readonly width?: number;
  readonly height?: number;
}

export function histogram(options: HistogramOptions): Panel {
  const { x, yLabel, series, bins = 40, title, width = 420, height = 220 } = options;
  const shares = series.map(({ values }) => sharesOf(values, x.range, bins));
  const left = 62;
  const names = legend(
    series.map(({ name }) => name),
    width,
  );
  const head = title === undefined ? 0 : 24;
  const top = head + names.height + 6;
  const box = { left, top, right: left + width, bottom: top + height };
  const across = scaleOf(x, [], [box.left, box.right]);
  const up = scaleOf(
    { label: yLabel, range: [0, Math.max(...shares.flat()) * 1.05], format: percent },
    [],
    [box.bottom, box.top],
  );
  const [from, to] = x.range;
  const edge = (i: number) => across.at(from + ((to - from) * i) / bins);
  const outlines = shares.map((heights, s) => {
    const steps = heights.flatMap((share, i) => [
      [edge(i), up.at(share)] as const,
      [edge(i + 1), up.at(share)] as const,
    ]);
    const closed = [[edge(0), box.bottom] as const, ...steps, [edge(bins), box.bottom] as const];
    return line(closed, COLOURS[s], { width: 1.8, dash: DASHES[s], fill: COLOURS[s] });
  });
  const body = [
    ...(title === undefined ? [] : [text(title, left, 12, { weight: "600" })]),
    `<g transform="translate(${left} ${head})">\n${names.body}\n</g>`,
    drawAxes(box, across, up, { x: x.label, y: yLabel }),
    ...outlines,
  ].join("\n");
  return { width: left + width + 12, height: box.bottom + 44, body };
}

function sharesOf(values: ArrayLike<number>, [from, to]: readonly [number, number], bins: number): number[] {
  const counts = Array.from({ length: bins }, () => 0);
  for (const value of Array.from(values)) {
    const bin = Math.floor(((value - from) / (to - from)) * bins);
    if (bin >= 0 && bin < bins) counts[bin]++;
  }
  return counts.map((count) => count / values.length);
}

function percent(share: number): string {
  return `${Math.round(share * 1000) / 10}%`;
}
