/**
 * Gradients as whole tensors, for looking at them and for tests.
 *
 * Training takes the gradient of an embedding table as rows, which the host adds up (engine/training-engine.ts). Here
 * the rows are added inside the graph by a product, onehot(indices)^T rows: as large as the table, but one tensor.
 */
import { product } from "../base/shape.ts";
import { zeros } from "./create.ts";
import { grad } from "./grad.ts";
import type { RowGradient } from "./tensor.ts";
import { add } from "./ops/elementwise.ts";
import { oneHot } from "./ops/indexing.ts";
import { gemm } from "./ops/matmul.ts";
import { reshape } from "./ops/shape.ts";
import { shapeError } from "./tensor.ts";
import type { Tensor } from "./tensor.ts";

/**
 * dL/dx for each tensor of `wrt`, in its shape; zeros where the loss does not depend on it.
 *
 * @throws ERR_LOSS_NOT_SCALAR, ERR_NOT_DIFFERENTIABLE
 * @example
 * const [dW] = gradients(loss, layer.parameters.map(({ tensor }) => tensor));
 */
export function gradients(loss: Tensor, wrt: readonly Tensor[]): readonly Tensor[] {
  return grad(loss, wrt).map(({ dense, rows }, i) => {
    const parts = [...(dense === undefined ? [] : [dense]), ...rows.map((part) => added(part, wrt[i]))];
    return parts.length === 0 ? zeros(knownShape(wrt[i])) : parts.reduce(add);
  });
}

/** The rows of a table's gradient, added up: [v, d]. */
function added({ indices, rows }: RowGradient, table: Tensor): Tensor {
  const [v, d] = knownShape(table);
  const n = product(indices.shape);
  return gemm(oneHot(reshape(indices, [n]), v), reshape(rows, [n, d]), { transA: true });
}

function knownShape(x: Tensor): readonly number[] {
  const known = x.shape.filter((dim) => typeof dim === "number");
  if (known.length === x.rank) return known;
  throw shapeError(
    "gradients",
    "a tensor on which the loss does not depend must have a known shape",
    [x],
    "leave it out",
  );
}
