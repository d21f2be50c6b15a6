/** Figures of chapter 4: how many heads can name both neighbours, and where one head and two heads look. */
import { main } from "../../../examples/principles/04-many-heads.ts";
import { heatMap } from "../heat-map.ts";
import { lineChart } from "../line-chart.ts";
import { dataOf } from "../run.ts";
import type { Figure } from "../svg.ts";
import { drawPage } from "../svg.ts";

const words = {
  en: {
    answers: {
      title: "Both neighbours named, by number of heads",
      description:
        "With one head about one row in ten; with two or more heads all of them, until heads are one number wide.",
      x: "heads",
      y: "both right",
      width: (d: number) => `width ${d}`,
    },
    weights: {
      title: "Where trained heads look",
      description:
        "One head divides its weight between the neighbours on both sides; of two heads each looks at one side.",
      one: "one head",
      first: "two heads: head 0",
      second: "two heads: head 1",
      queries: "position that asks",
      keys: "position looked at",
    },
  },
  zh: {
    answers: {
      title: "左右邻居都答对的比例与头数的关系",
      description: "单头约十次对一次；两头以上全对，直到每个头只剩一个数那么宽。",
      x: "头数",
      y: "两个都对",
      width: (d: number) => `宽度 ${d}`,
    },
    weights: {
      title: "训练之后，各个头看向哪里",
      description: "单头把权重分给左右两边的邻居；两个头则各看一边。",
      one: "单头",
      first: "双头：0 号头",
      second: "双头：1 号头",
      queries: "提问的位置",
      keys: "被看的位置",
    },
  },
} as const;

export const figures: readonly Figure[] = [
  {
    name: "04-answers",
    draw: async (language) => {
      const { learnt } = await dataOf(main);
      const { title, description, x, y, width } = words[language].answers;
      const series = [16, 32].map((d) => ({
        name: width(d),
        points: learnt.filter((one) => one.d === d).map(({ heads, both }) => [heads, both] as const),
      }));
      const chart = lineChart({
        x: { label: x, log: 2, format: String },
        y: { label: y, range: [0, 1], format: (share) => `${Math.round(share * 100)}%` },
        series,
      });
      return drawPage({ title, description, panels: [chart] });
    },
  },
  {
    name: "04-weights",
    draw: async (language) => {
      const { one, two } = await dataOf(main);
      const { title, description, queries, keys, ...names } = words[language].weights;
      const places = one[0].map((_, place) => String(place));
      const panels = [
        { title: names.one, values: one[0] },
        { title: names.first, values: two[0] },
        { title: names.second, values: two[1] },
      ].map((panel) =>
        heatMap({
          ...panel,
          ...{
            rows: places,
            columns: places,
            rowTitle: queries,
            columnTitle: keys,
            digits: 1,
            limit: 1,
            cell: 27,
          },
        }),
      );
      return drawPage({ title, description, panels });
    },
  },
];
