/** Figures of chapter 6: how far an exchanged token reaches, and the attention that zeros get. */
import { main } from "../../../examples/principles/06-encoder.ts";
import { heatMap } from "../heat-map.ts";
import { dataOf } from "../run.ts";
import type { Figure } from "../svg.ts";
import { drawPage } from "../svg.ts";

const words = {
  en: {
    influence: {
      title: "Who notices that a token was exchanged",
      description:
        "After one fresh layer hardly anyone but the token itself; after six layers all others, each more than twice as much.",
      layers: (n: number) => (n === 1 ? "1 layer" : `${n} layers`),
      rows: "output",
      columns: "token exchanged",
    },
    zeros: {
      title: "Attention of six tokens, four places filled with zeros",
      description:
        "Without the mask each of the four zeros gets about a tenth of the attention; with the mask none gets any.",
      panels: ["without mask", "with mask"],
      rows: "token that asks",
      columns: "token looked at",
      zero: "zero",
    },
  },
  zh: {
    influence: {
      title: "换掉一个词元，谁会察觉",
      description: "经过一层未训练的网络，几乎只有它自己；六层之后，其余各个都会变，幅度是一层时的两倍多。",
      layers: (n: number) => `${n} 层`,
      rows: "输出",
      columns: "被换掉的词元",
    },
    zeros: {
      title: "六个词元的注意力，后面补四个零向量",
      description: "没有掩码，四个零向量各得到约十分之一的注意力；有掩码，一点也得不到。",
      panels: ["没有掩码", "有掩码"],
      rows: "提问的词元",
      columns: "被看的词元",
      zero: "零",
    },
  },
} as const;

const count = (n: number) => Array.from({ length: n }, (_, i) => String(i));

export const figures: readonly Figure[] = [
  {
    name: "06-influence",
    draw: async (language) => {
      const { influence } = await dataOf(main);
      const { title, description, layers, rows, columns } = words[language].influence;
      const panels = influence.map(({ numLayers, values }) =>
        heatMap({
          ...{ values, title: layers(numLayers), rowTitle: rows, columnTitle: columns },
          ...{ rows: count(10), columns: count(10), digits: 2, limit: 1.5, cell: 36 },
        }),
      );
      return drawPage({ title, description, panels });
    },
  },
  {
    name: "06-zeros",
    draw: async (language) => {
      const { padding } = await dataOf(main);
      const { title, description, panels: titles, rows, columns, zero } = words[language].zeros;
      const panels = [padding.without, padding.withMask].map((values, i) =>
        heatMap({
          ...{ values, title: titles[i], rowTitle: rows, columnTitle: columns },
          ...{ rows: count(6), columns: [...count(6), zero, zero, zero, zero], digits: 2, limit: 0.4, cell: 36 },
        }),
      );
      return drawPage({ title, description, panels });
    },
  },
];
