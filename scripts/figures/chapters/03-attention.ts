/** Figures of chapter 3: whom ten tokens look at in three ways, and the largest weight by width. */
import { main } from "../../../examples/principles/03-attention.ts";
import { heatMap } from "../heat-map.ts";
import { lineChart } from "../line-chart.ts";
import { dataOf } from "../run.ts";
import type { Figure } from "../svg.ts";
import { drawPage } from "../svg.ts";

const words = {
  en: {
    weights: {
      title: "Whom ten tokens look at",
      description:
        "Without projections each token looks at itself alone; with them but without the scale at one or two others; with both at all, at some more than at others.",
      bare: "without projections",
      unscaled: "without the scale",
      scaled: "attention",
      queries: "token that asks",
      keys: "token looked at",
    },
    width: {
      title: "The largest of ten weights, by width",
      description:
        "Without the scale it grows with the width, from half to nearly all; with it, it stays at a third.",
      x: "width of queries and keys",
      y: "largest weight, on average",
      unscaled: "without the scale",
      scaled: "with it",
    },
  },
  zh: {
    weights: {
      title: "十个词元各自看向谁",
      description:
        "没有投影，每个词元只看自己；有投影但不缩放，只看别处的一两个；两样都有，谁都看，有多有少。",
      bare: "没有投影",
      unscaled: "不缩放",
      scaled: "注意力",
      queries: "提问的词元",
      keys: "被看的词元",
    },
    width: {
      title: "十个权重中最大的一个与宽度的关系",
      description: "不缩放时它随宽度增长，从一半涨到几乎全部；缩放之后保持在三分之一左右。",
      x: "查询和键的宽度",
      y: "最大权重（平均）",
      unscaled: "不缩放",
      scaled: "缩放",
    },
  },
} as const;

export const figures: readonly Figure[] = [
  {
    name: "03-weights",
    draw: async (language) => {
      const { bare, unscaled, scaled } = await dataOf(main);
      const { title, description, queries, keys, ...names } = words[language].weights;
      const tokens = bare.map((_, token) => String(token));
      const panels = [
        { title: names.bare, values: bare },
        { title: names.unscaled, values: unscaled },
        { title: names.scaled, values: scaled },
      ].map((panel) =>
        heatMap({
          ...panel,
          ...{ rows: tokens, columns: tokens, rowTitle: queries, columnTitle: keys },
          ...{ digits: 1, limit: 1, cell: 27 },
        }),
      );
      return drawPage({ title, description, panels });
    },
  },
  {
    name: "03-width",
    draw: async (language) => {
      const { widths } = await dataOf(main);
      const { title, description, x, y, ...names } = words[language].width;
      const series = (["unscaled", "scaled"] as const).map((way) => ({
        name: names[way],
        points: widths.map((one) => [one.d, one[way].largest] as const),
      }));
      const chart = lineChart({
        x: { label: x, log: 2, ticks: widths.map(({ d }) => d), format: String },
        y: { label: y, range: [0, 1] },
        series,
      });
      return drawPage({ title, description, panels: [chart] });
    },
  },
];
