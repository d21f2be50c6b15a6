/**
 * SVG as text: the page around one or more panels, and what panels are made of.
 *
 * A figure is shown by pages that may be light or dark and does not learn which (an SVG in `<img>` sees neither the
 * page's colours nor its style), so it brings its own light background. Numbers are rounded, so that equal data give
 * equal files. Text is not measured: widths are estimates, generous ones.
 */

/** Whose words stand in the figure. */
export type Language = "en" | "zh";

/** A file of docs/principles/figures. */
export interface Figure {
  /** "03-weights" becomes 03-weights.svg and 03-weights.zh-CN.svg. */
  readonly name: string;
  readonly draw: (language: Language) => Promise<string>;
}

/** Something with a size; its body begins at 0, 0. */
export interface Panel {
  readonly width: number;
  readonly height: number;
  readonly body: string;
}

export interface Page {
  /** Above the panels, and read aloud. */
  readonly title: string;
  /** What there is to see, in a sentence or two: read aloud, not shown. */
  readonly description: string;
  readonly panels: readonly Panel[];
  /** Panels side by side before a new row begins. Default: all. */
  readonly columns?: number;
}

export const FONT_SIZE = 13;
export const INK = "#1f2328";
export const FAINT = "#656d76";
export const GRID = "#d8dee4";
/** Of Okabe and Ito (2008), told apart by most colour-blind readers; lines differ in dashes, too. */
export const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#8a4f9e", "#7a5c00"];
export const DASHES = ["", "7 4", "2 3", "9 3 2 3", "12 4"];

const FONTS =
  "ui-sans-serif, system-ui, 'Segoe UI', 'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', sans-serif";
const MARGIN = 20;
const GAP = 28;

/** The file's text. */
export function drawPage({ title, description, panels, columns = panels.length }: Page): string {
  const head = 30;
  const rows = Array.from({ length: Math.ceil(panels.length / columns) }, (_, i) =>
    panels.slice(i * columns, (i + 1) * columns),
  );
  let y = MARGIN + head;
  let right = MARGIN + textWidth(title, 16);
  const placed: string[] = [];
  for (const row of rows) {
    let x = MARGIN;
    for (const panel of row) {
      placed.push(`<g transform="translate(${n(x)} ${n(y)})">\n${panel.body}\n</g>`);
      right = Math.max(right, x + panel.width);
      x += panel.width + GAP;
    }
    y += Math.max(...row.map(({ height }) => height)) + GAP;
  }
  const [width, height] = [right + MARGIN, y - GAP + MARGIN];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${n(width)}" height="${n(height)}" viewBox="0 0 ${n(width)} ${n(height)}" role="img" font-family="${FONTS}" font-size="${FONT_SIZE}">`,
    `<title>${escape(title)}</title>`,
    `<desc>${escape(description)}</desc>`,
    `<rect x="0.5" y="0.5" width="${n(width - 1)}" height="${n(height - 1)}" rx="6" fill="#fcfcfa" stroke="${GRID}"/>`,
    text(title, MARGIN, MARGIN + 12, { size: 16, weight: "600" }),
    ...placed,
    "</svg>\n",
  ].join("\n");
}

export interface TextStyle {
  readonly anchor?: "start" | "middle" | "end";
  readonly fill?: string;
  readonly size?: number;
  readonly weight?: string;
  /** Degrees, clockwise, around the text's point. */
  readonly turn?: number;
}

/** One line of text with its baseline at y. */
export function text(content: string, x: number, y: number, style: TextStyle = {}): string {
  const { anchor = "start", fill = INK, size = FONT_SIZE, weight, turn } = style;
  const optional = [
    anchor === "start" ? "" : ` text-anchor="${anchor}"`,
    size === FONT_SIZE ? "" : ` font-size="${size}"`,
    weight === undefined ? "" : ` font-weight="${weight}"`,
    turn === undefined ? "" : ` transform="rotate(${turn} ${n(x)} ${n(y)})"`,
  ].join("");
  return `<text x="${n(x)}" y="${n(y)}" fill="${fill}"${optional}>${escape(content)}</text>`;
}

export function rectangle(
  { x, y, width, height }: { x: number; y: number; width: number; height: number },
  fill: string,
): string {
  return `<rect x="${n(x)}" y="${n(y)}" width="${n(width)}" height="${n(height)}" fill="${fill}"/>`;
}

export function line(
  points: readonly (readonly [x: number, y: number])[],
  stroke: string,
  options: { readonly width?: number; readonly dash?: string; readonly fill?: string } = {},
): string {
  const { width = 1, dash = "", fill = "none" } = options;
  const dashes = dash === "" ? "" : ` stroke-dasharray="${dash}"`;
  const opacity = fill === "none" ? "" : ' fill-opacity="0.18"';
  const path = points.map(([x, y]) => `${n(x)},${n(y)}`).join(" ");
  return `<polyline points="${path}" fill="${fill}"${opacity} stroke="${stroke}" stroke-width="${width}"${dashes} stroke-linejoin="round"/>`;
}

/** What each line is, in rows no wider than `width`; gives the height it takes. */
export function legend(names: readonly string[], width: number): Panel {
  let [x, y] = [0, 12];
  const parts = names.map((name, i) => {
    const needed = 34 + textWidth(name) + 14;
    if (x > 0 && x + needed > width) [x, y] = [0, y + 19];
    const sample: [number, number][] = [
      [x, y - 4],
      [x + 26, y - 4],
    ];
    const part = `${line(sample, COLOURS[i], { width: 2.2, dash: DASHES[i] })}\n${text(name, x + 33, y)}`;
    x += needed;
    return part;
  });
  return { width, height: y + 8, body: parts.join("\n") };
}

/** About as wide as the text will be, in pixels. */
export function textWidth(content: string, size = FONT_SIZE): number {
  let ems = 0;
  for (const character of content) ems += /[\u2e80-\u9fff\uff00-\uff60]/.test(character) ? 1 : 0.57;
  return ems * size;
}

/** At most one digit behind the point. */
export function n(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function escape(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
