/** Figures of chapter 2: the table of sinusoids, and right answers by place in rows longer than those of training. */
import { sinusoidTable } from "attune/nn";
import { main } from "../../../examples/principles/02-positions.ts";
import { heatMap } from "../heat-map.ts";
import { lineChart } from "../line-chart.ts";
import { dataOf } from "../run.ts";
import type { Figure } from "../svg.ts";
import { drawPage } from "../svg.ts";

const text = {
  en: {
    table: {
      title: "Sinusoids of 24 places, 64 numbers each",
      description:
        "A table of blue (positive) and orange (negative) cells. On the left, numbers change sign from row to row; towards the right more and more slowly; at the right edge they hardly change.",
      rows: "place",
      columns: "number 0 to 63 of the row: blue positive, orange negative",
    },
    lengths: {
      title: "Trained on 16 letters, asked about 64",
      description:
        "Shares of right answers by place. Rotary stays at 100% everywhere. Learned positions fall to 10% behind place 16, sinusoids to about a quarter, up and down. The relative bias is low everywhere; where all distances from 12 on share a row, it stays near 90%.",
      x: "place in the row",
      y: "right answers",
      names: ["rotary", "relative, to 12", "sinusoidal", "learned", "relative"],
    },
  },
  zh: {
    table: {
      title: "24 个位置的正弦编码，每行 64 个数",
      description: "蓝色为正、橙色为负的表格。左侧逐行变号，越往右变化越慢，最右边几乎不变。",
      rows: "位置",
      columns: "一行中的第 0 到 63 个数：蓝色为正，橙色为负",
    },
    lengths: {
      title: "训练时 16 个字母，考试时 64 个",
      description:
        "各个位置的正确率。旋转编码处处是 100%。可学习的位置到第 16 位之后降到 10%，正弦编码降到四分之一上下，时高时低。相对偏置处处都低；让距离 12 以上共用一行，就能保持在 90% 左右。",
      x: "在序列中的位置",
      y: "正确率",
      names: ["旋转", "相对，到 12 为止", "正弦", "可学习", "相对"],
    },
  },
} as const;

const shown = ["rotary", "relative, to 12", "sinusoidal", "learned", "relative"];

export const figures: readonly Figure[] = [
  {
    name: "02-sinusoids",
    draw: (language) => {
      const { title, description, rows, columns } = text[language].table;
      const table = sinusoidTable(24, 64);
      const panel = heatMap({
        values: Array.from({ length: 24 }, (_, p) => table.subarray(p * 64, (p + 1) * 64)),
        rows: Array.from({ length: 24 }, (_, p) => (p % 4 === 0 ? String(p) : "")),
        rowTitle: rows,
        columnTitle: columns,
        twoSided: true,
        limit: 1,
        cell: { width: 11, height: 13 },
      });
      return Promise.resolve(drawPage({ title, description, panels: [panel] }));
    },
  },
  {
    name: "02-lengths",
    draw: async (language) => {
      const { learnt } = await dataOf(main);
      const { title, description, x, y, names } = text[language].lengths;
      const series = shown.map((way, i) => {
        const long = learnt.find((one) => one.way === way)?.long ?? [];
        return { name: names[i], points: fours(long) };
      });
      const chart = lineChart({
        x: { label: x, range: [0, 64], ticks: [0, 16, 32, 48, 64] },
        y: { label: y, range: [0, 1], format: (share) => `${Math.round(share * 100)}%` },
        series,
        width: 520,
      });
      return drawPage({ title, description, panels: [chart] });
    },
  },
];

/** Means of four places each; place 0 has no answer. */
function fours(shares: readonly number[]): [place: number, share: number][] {
  return Array.from({ length: shares.length / 4 }, (_, i) => {
    const some = shares.slice(Math.max(1, 4 * i), 4 * i + 4);
    return [4 * i + 2, some.reduce((sum, share) => sum + share, 0) / some.length];
  });
}
