/** Chapter 7: what a trained decoder looks at, in what it has written and in the memory. */
import { main } from "../../../examples/principles/07-decoder.ts";
import { heatMap } from "../heat-map.ts";
import { dataOf } from "../run.ts";
import type { Figure } from "../svg.ts";
import { drawPage } from "../svg.ts";

const words = {
  en: {
    title: "A trained decoder turns 3 1 4 1 5 9 round: where each step looks",
    description:
      "Two tables of attention weights, means of four heads. Left, masked self-attention: everything above the diagonal is exactly zero. Right, attention to the memory: the first written digit looks at the last digit of the source, the second at the one before it, and so on, along the other diagonal; the step that writes the end looks everywhere a little.",
    self: "At what was read before (masked)",
    memory: "At the source (memory)",
    read: "token read",
    source: "digit of the source",
    written: "token to write",
    tokens: { start: "start", end: "end" },
  },
  zh: {
    title: "训练好的解码器把 3 1 4 1 5 9 倒过来写：每一步在看哪里",
    description:
      "两张注意力权重表，取四个头的平均。左边是带掩码的自注意力：对角线以上恰好全为零。右边是对记忆的注意力：写第一个数字时看源序列的最后一个，写第二个时看倒数第二个，依此类推，正好沿着另一条对角线；写结束符的那一步哪里都看一点。",
    self: "看已经读入的词元（带掩码）",
    memory: "看源序列（记忆）",
    read: "读入的词元",
    source: "源序列的数字",
    written: "要写的词元",
    tokens: { start: "开始", end: "结束" },
  },
} as const;

export const figures: readonly Figure[] = [
  {
    name: "07-attention",
    draw: async (language) => {
      const { digits, read, written, toWritten, toMemory } = await dataOf(main);
      const { title, description, tokens, ...labels } = words[language];
      const named = (names: readonly string[]) =>
        names.map((name) => (name === "start" || name === "end" ? tokens[name] : name));
      const common = { rows: named(written), rowTitle: labels.written, limit: 1, digits: 2, cell: 42 };
      const self = { values: toWritten, columns: named(read), title: labels.self, columnTitle: labels.read };
      const memory = { values: toMemory, columns: digits, title: labels.memory, columnTitle: labels.source };
      const panels = [heatMap({ ...common, ...self }), heatMap({ ...common, ...memory })];
      return drawPage({ title, description, panels });
    },
  },
];
