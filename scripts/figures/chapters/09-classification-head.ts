/** Chapter 9: what a classifier says and how often it is right, as trained and with scores divided by a temperature. */
import { main } from "../../../examples/principles/09-classification-head.ts";
import { lineChart } from "../line-chart.ts";
import { dataOf } from "../run.ts";
import type { Figure } from "../svg.ts";
import { drawPage } from "../svg.ts";

const words = {
  en: {
    title: "Probability against truth: 144 test messages",
    description:
      "A line chart. Messages are in five groups, from the least sure to the surest; across stands the probability that the model gives its answer, upwards the share of right answers. The model as trained lies below the diagonal: it says more than it knows. Divided by the temperature its line lies close to the diagonal.",
    said: "probability that it gives its answer",
    right: "share of right answers",
    before: "as trained",
    after: (temperature: string) => `scores divided by ${temperature}`,
    honest: "as good as it says",
  },
  zh: {
    title: "概率与事实：144 条测试留言",
    description:
      "一张折线图。留言按把握从小到大分成五组；横轴是模型给自己答案的概率，纵轴是答对的比例。训练出来的模型在对角线下方：它说得比知道的多。得分除以温度之后，折线靠近对角线。",
    said: "模型给自己答案的概率",
    right: "答对的比例",
    before: "训练后原样",
    after: (temperature: string) => `得分除以 ${temperature}`,
    honest: "说多少就对多少",
  },
} as const;

export const figures: readonly Figure[] = [
  {
    name: "09-confidence",
    draw: async (language) => {
      const { before, after, temperature } = await dataOf(main);
      const { title, description, ...labels } = words[language];
      const diagonal = [0, 0.2, 0.4, 0.6, 0.8, 1].map((value) => [value, value] as const);
      const chart = lineChart({
        x: { label: labels.said, range: [0, 1] },
        y: { label: labels.right, range: [0, 1] },
        series: [
          { name: labels.before, points: before },
          { name: labels.after(temperature.toFixed(1)), points: after },
          { name: labels.honest, points: diagonal },
        ],
        width: 460,
        height: 300,
      });
      return drawPage({ title, description, panels: [chart] });
    },
  },
];
