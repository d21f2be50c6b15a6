/** Figure of chapter 5: the first layer's gradient and the likeness of tokens over depth, for layers put together in five ways. */
import { main } from "../../../examples/principles/05-residuals-and-layer-norm.ts";
import { lineChart } from "../line-chart.ts";
import { dataOf } from "../run.ts";
import type { Figure } from "../svg.ts";
import { drawPage } from "../svg.ts";

const words = {
  en: {
    title: "What is left after many fresh layers",
    description:
      "Left, the gradient of the first layer: it vanishes without residual and norm, grows with residuals alone, and stays in between where there is a norm. Right, the mean cosine of two tokens: 1 after two layers wherever there is no residual, slowly growing where there is one.",
    layers: "layers",
    gradient: "gradient of the first layer",
    similarity: "mean cosine of two tokens",
    wirings: ["neither", "residual only", "norm only", "post-norm", "pre-norm"],
  },
  zh: {
    title: "穿过许多层未训练的网络之后还剩下什么",
    description:
      "左图是第一层的梯度：既无残差也无归一化时消失，只有残差时增大，有归一化时保持适中。右图是两个词元的平均余弦：没有残差的，两层之后就到 1；有残差的，缓慢上升。",
    layers: "层数",
    gradient: "第一层的梯度",
    similarity: "两个词元的平均余弦",
    wirings: ["都没有", "仅残差", "仅归一化", "后置归一化", "前置归一化"],
  },
} as const;

const keys = ["neither", "residual", "norm", "post-norm", "pre-norm"] as const;

export const figures: readonly Figure[] = [
  {
    name: "05-stacks",
    draw: async (language) => {
      const measured = await dataOf(main);
      const { title, description, layers, gradient, similarity, wirings } = words[language];
      const seriesOf = (value: (one: (typeof measured)[number]) => number) =>
        keys.map((key, i) => ({
          name: wirings[i],
          points: measured
            .filter((one) => one.wiring === key)
            .map((one) => [one.layers, value(one)] as const),
        }));
      const size = { width: 330, height: 240 };
      const x = { label: layers, range: [1, 24], ticks: [1, 4, 8, 16, 24] } as const;
      const panels = [
        lineChart({
          ...size,
          title: gradient,
          x,
          y: {
            label: "",
            log: 10,
            range: [1e-26, 1e4],
            ticks: [1e-25, 1e-20, 1e-15, 1e-10, 1e-5, 1],
            format: (value) => (value === 1 ? "1" : value.toExponential(0)),
          },
          series: seriesOf(({ first }) => first),
        }),
        lineChart({
          ...size,
          title: similarity,
          x,
          y: { label: "", range: [0, 1] },
          series: seriesOf((one) => one.similarity),
        }),
      ];
      return drawPage({ title, description, panels });
    },
  },
];
