/** Every loss with its options, and its gradient. */
import type { Tensor } from "../../src/entry/nn-common.ts";
import {
  binaryCrossEntropy,
  crossEntropy,
  focalLoss,
  klDivergence,
  meanSquaredError,
  randn,
  tensor,
} from "../../src/entry/nn-common.ts";
import type { Case } from "./case.ts";
import { differentiated, tensors } from "./case.ts";

const labels = () => tensor([4, 0, 2, 1, 4, 3, 0], "int32");
const yesOrNo = () => tensor(Array.from({ length: 7 }, (_, n) => [0, 1, 2, 3, 4].map((c) => (n * c) % 2)));
const other = () => randn([7, 5], { seed: 11 });

const loss = (of: (logits: Tensor) => Tensor): Case =>
  tensors(() => {
    const logits = randn([7, 5], { seed: 10 });
    return differentiated(of(logits), { logits });
  });

export const lossCases: Readonly<Record<string, Case>> = {
  "cross-entropy": loss((logits) => crossEntropy(logits, labels())),
  "cross-entropy with every option": loss((logits) =>
    crossEntropy(logits, labels(), {
      classWeights: [1, 2, 0.5, 3, 1.5],
      labelSmoothing: 0.1,
      ignoreIndex: 4,
    }),
  ),
  "binary cross-entropy": loss((logits) =>
    binaryCrossEntropy(logits, yesOrNo(), { posWeights: [1, 2, 3, 4, 5] }),
  ),
  "focal loss": loss((logits) => focalLoss(logits, yesOrNo(), { alpha: 0.25 })),
  "Kullback-Leibler divergence": loss((logits) => klDivergence(logits, other())),
  "mean squared error": loss((logits) => meanSquaredError(logits, other())),
};
