/** Chapter 10: the loss while a few wrong labels are learnt by heart, on the texts learnt from and on others. */
import { main } from "../../../examples/principles/10-training.ts";
import { lineChart } from "../line-chart.ts";
import { dataOf } from "../run.ts";
import type { Figure } from "../svg.ts";
import { drawPage } from "../svg.ts";

const words = {
  en: {
    title: "First the rule, then the mistakes: training with 12 wrong labels among 96",
    description:
      "Two line charts over 300 steps. Left, the loss: on train it falls to nothing; on dev it falls until step 60 and then rises again. Right, accuracy: on train it rises to 1; on dev it is highest at step 60 and lower ever after.",
    loss: "loss",
    accuracy: "accuracy",
    step: "step",
    train: "train, labels as given",
    dev: "dev, true labels",
  },
  zh: {
    title: "先学规律，后背错误：96 个标签里有 12 个是错的",
    description:
      "两张折线图，横轴是 300 步。左图是损失：训练集上一直降到几乎为零；验证集上降到第 60 步，然后回升。右图是准确率：训练集上升到 1；验证集在第 60 步最高，此后一直较低。",
    loss: "损失",
    accuracy: "准确率",
    step: "步",
    train: "训练集（给定的标签）",
    dev: "验证集（真实的标签）",
  },
} as const;

export const figures: readonly Figure[] = [
  {
    name: "10-curves",
    draw: async (language) => {
      const curve = await dataOf(main);
      const { title, description, train, dev, ...labels } = words[language];
      const panels = (["loss", "accuracy"] as const).map((measure) =>
        lineChart({
          x: { label: labels.step, range: [0, 300], ticks: [0, 60, 120, 180, 240, 300] },
          y: { label: labels[measure], range: measure === "loss" ? [0, 1.2] : [0, 1] },
          series: [
            { name: train, points: curve.map((at) => [at.step, at.train[measure]] as const) },
            { name: dev, points: curve.map((at) => [at.step, at.dev[measure]] as const) },
          ],
          title: labels[measure],
          width: 340,
          height: 220,
        }),
      );
      return drawPage({ title, description, panels });
    },
  },
];
