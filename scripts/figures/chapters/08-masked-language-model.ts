/** Chapter 8: how sure of each word a model is that reads both sides of a gap, and one that reads the left side. */
import { main, patterns } from "../../../examples/principles/08-masked-language-model.ts";
import { heatMap } from "../heat-map.ts";
import { dataOf } from "../run.ts";
import type { Figure } from "../svg.ts";
import { drawPage } from "../svg.ts";

const words = {
  en: {
    title: "Probability of the right word, by place",
    description:
      "Two tables, one for English sentences and one for Chinese ones, with a column for each word of the sentence and a row for each model. The model that reads both sides is almost sure everywhere but for the words that nothing tells: the adjective and the English place. The model that reads the left side is at chance for the animal, too, and for the first character of the Chinese place.",
    rows: ["both sides", "left side"],
  },
  zh: {
    title: "每个位置上正确的词得到的概率",
    description:
      "两张表，英文句子一张，中文句子一张；每个词占一列，每个模型占一行。能看两边的模型几乎处处有把握，只有无从得知的词除外：形容词和英文的地点。只看左边的模型对动物也只能瞎猜，中文地点的第一个字也是。",
    rows: ["看两边", "只看左边"],
  },
} as const;

export const figures: readonly Figure[] = [
  {
    name: "08-both-sides",
    draw: async (language) => {
      const { both, left } = await dataOf(main);
      const { title, description, rows } = words[language];
      const common = { rows, limit: 1, digits: 2, cell: { width: 52, height: 40 } };
      const panels = (["en", "zh"] as const).map((text) =>
        heatMap({ ...common, values: [both[text], left[text]], columns: patterns[text] }),
      );
      return drawPage({ title, description, panels, columns: 1 });
    },
  },
];
