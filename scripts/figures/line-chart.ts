/** Lines over a common axis, each with a name, a colour and a dash pattern of its own. */
import type { Axis } from "./axes.ts";
import { drawAxes, scaleOf } from "./axes.ts";
import type { Panel } from "./svg.ts";
import { COLOURS, DASHES, legend, line, n, text } from "./svg.ts";

export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface LineChartOptions {
  readonly x: Axis;
  readonly y: Axis;
  /** Five at most. */
  readonly series: readonly Series[];
  readonly title?: string;
  /** Of the area between the axes, in pixels. Default 420 x 240. */
  readonly width?: number;
  readonly height?: number;
  /** Whether points are marked. Default true. */
  readonly marks?: boolean;
}

export function lineChart(options: LineChartOptions): Panel {
  const { x, y, series, title, width = 420, height = 240, marks = true } = options;
  const points = series.flatMap((one) => one.points);
  const left = 62;
  const names = legend(
    series.map(({ name }) => name),
    width,
  );
  const head = title === undefined ? 0 : 24;
  const top = head + names.height + 6;
  const box = { left, top, right: left + width, bottom: top + height };
  const across = scaleOf(
    x,
    points.map(([value]) => value),
    [box.left, box.right],
  );
  const up = scaleOf(
    y,
    points.map(([, value]) => value),
    [box.bottom, box.top],
  );
  const lines = series.map((one, i) => {
    const placed = one.points.map(([a, b]) => [across.at(a), up.at(b)] as const);
    const dots = placed.map(([a, b]) => `<circle cx="${n(a)}" cy="${n(b)}" r="3" fill="${COLOURS[i]}"/>`);
    return [line(placed, COLOURS[i], { width: 2.2, dash: DASHES[i] }), ...(marks ? dots : [])].join("\n");
  });
  const body = [
    ...(title === undefined ? [] : [text(title, left, 12, { weight: "600" })]),
    `<g transform="translate(${left} ${head})">\n${names.body}\n</g>`,
    drawAxes(box, across, up, { x: x.label, y: y.label }),
    ...lines,
  ].join("\n");
  return { width: left + width + 12, height: box.bottom + 44, body };
}
