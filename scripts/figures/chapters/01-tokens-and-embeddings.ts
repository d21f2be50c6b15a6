/** Figure of chapter 1: how alike the rows of the words are, before and after training. */
import { main } from "../../../examples/principles/01-tokens-and-embeddings.ts";
import { heatMap } from "../heat-map.ts";
import { dataOf } from "../run.ts";
import type { Figure } from "../svg.ts";
import { drawPage } from "../svg.ts";

const text = {
  en: {
    title: "Cosines between the rows of 13 words",
    description:
      "Two tables of 13 by 13 cosines. Before training, numbers of both signs without order. After training, three dark blocks of ones along the diagonal: the animals among themselves, the verbs, the foods.",
    before: "before training",
    after: "after training",
  },
  zh: {
    title: "13 个词的行向量两两之间的余弦",
    description:
      "两张 13 乘 13 的余弦表。训练前正负杂乱；训练后，对角线上出现三块接近一的深色区域：动物之间、动词之间、食物之间。",
    before: "训练之前",
    after: "训练之后",
  },
} as const;

export const figures: readonly Figure[] = [
  {
    name: "01-cosines",
    draw: async (language) => {
      const { words, before, after } = await dataOf(main);
      const { title, description, ...titles } = text[language];
      const common = { rows: words, columns: words, twoSided: true, limit: 1, digits: 1, cell: 30 };
      const panels = [
        heatMap({ ...common, values: before, title: titles.before }),
        heatMap({ ...common, values: after, title: titles.after }),
      ];
      return drawPage({ title, description, panels });
    },
  },
];
