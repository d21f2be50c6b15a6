/** Figure of chapter 6: how far an exchanged token reaches. */
import { main } from "../../../examples/principles/06-encoder.ts";
import { heatMap } from "../heat-map.ts";
import { dataOf } from "../run.ts";
import type { Figure } from "../svg.ts";
import { drawPage } from "../svg.ts";

const words = {
  en: {
    title: "Who notices that a token was exchanged",
    description:
      "After one fresh layer hardly anyone but the token itself; after six layers all others, each more than twice as much.",
    layers: (n: number) => (n === 1 ? "1 layer" : `${n} layers`),
    rows: "output",
    columns: "token exchanged",
  },
  zh: {
    title: "换掉一个词元，谁会察觉",
    description: "经过一层未训练的网络，几乎只有它自己；六层之后，其余各个都会变，幅度是一层时的两倍多。",
    layers: (n: number) => `${n} 层`,
    rows: "输出",
    columns: "被换掉的词元",
  },
} as const;

const count = (n: number) => Array.from({ length: n }, (_, i) => String(i));

export const figures: readonly Figure[] = [
  {
    name: "06-influence",
    draw: async (language) => {
      const { influence } = await dataOf(main);
      const { title, description, layers, rows, columns } = words[language];
      const panels = influence.map(({ numLayers, values }) =>
        heatMap({
          ...{ values, title: layers(numLayers), rowTitle: rows, columnTitle: columns },
          ...{ rows: count(10), columns: count(10), digits: 2, limit: 1.5, cell: 36 },
        }),
      );
      return drawPage({ title, description, panels });
    },
  },
];
