/**
 * Reverse-mode differentiation: from a scalar loss to tensors that compute its gradients.
 *
 *     dL/dx = sum over uses y of x:  vjp_y(dL/dy)
 *
 * Walks the calls backwards once (Linnainmaa 1970). Broadcasting is undone here and nowhere else: a partial is
 * summed, or expanded, to the shape of the tensor it belongs to. Second derivatives are not offered.
 */
import { AttuneError, internal } from "../base/errors.ts";
import { formatShape, sameShape } from "../base/shape.ts";
import { topologicalOrder } from "./emit.ts";
import type { RowGradient } from "./tensor.ts";
import { isRowGradient } from "./op.ts";
import { add } from "./ops/elementwise.ts";
import { expand, sum } from "./ops/reduce.ts";
import { reshape } from "./ops/shape.ts";
import type { Call, Tensor } from "./tensor.ts";
import { scalar } from "./tensor.ts";

/** The gradient of one tensor: a dense part, rows of a table, or both (tied embeddings); neither means zero. */
export interface Gradient {
  readonly dense: Tensor | undefined;
  readonly rows: readonly RowGradient[];
}

/**
 * Gradients of `loss` (one element) with respect to each tensor of `wrt`, in their order.
 *
 * @throws ERR_NOT_DIFFERENTIABLE where an op without a gradient lies on the way.
 * @example
 * const w = parameter("w", [3]);
 * const [dW] = grad(sum(mul(w, w), [0]), [w]); // dW.dense is 2w
 */
export function grad(loss: Tensor, wrt: readonly Tensor[]): readonly Gradient[] {
  if (loss.shape.some((dim) => dim !== 1)) {
    throw new AttuneError("ERR_LOSS_NOT_SCALAR", {
      rule: "only a single number can be differentiated",
      found: `a loss of shape ${formatShape(loss.shape)}`,
      next: "sum or average it first",
    });
  }
  const order = topologicalOrder([loss]);
  const active = dependents(order, wrt);
  const gradients = new Map<Tensor, { dense: Tensor | undefined; rows: RowGradient[] }>();
  const slot = (x: Tensor) => {
    const known = gradients.get(x);
    if (known !== undefined) return known;
    const fresh = { dense: undefined, rows: [] };
    gradients.set(x, fresh);
    return fresh;
  };
  slot(loss).dense = reshape(scalar(1), loss.shape);
  for (let i = order.length - 1; i >= 0; i--) {
    const y = order[i];
    const dY = gradients.get(y);
    if (y.source.kind !== "call" || dY === undefined || !active.has(y)) continue;
    if (dY.rows.length > 0)
      throw internal(`${y.source.call.name} is read by rows, but is computed; only parameters can be`);
    if (dY.dense === undefined) continue;
    backward(y.source.call, dY.dense, slot);
  }
  return wrt.map((x) => gradients.get(x) ?? { dense: undefined, rows: [] });
}

/** The tensors whose value depends on one of `roots`: the only ones that need a gradient. */
function dependents(order: readonly Tensor[], roots: readonly Tensor[]): ReadonlySet<Tensor> {
  const active = new Set<Tensor>(roots);
  for (const x of order) {
    if (x.source.kind === "call" && x.source.call.inputs.some((input) => active.has(input))) active.add(x);
  }
  return active;
}

function backward(
  call: Call,
  dY: Tensor,
  slot: (x: Tensor) => { dense: Tensor | undefined; rows: RowGradient[] },
): void {
  if (typeof call.vjp !== "function") {
    throw new AttuneError("ERR_NOT_DIFFERENTIABLE", {
      rule: "every op between a parameter and the loss must have a gradient",
      found: `${call.name} has none: ${call.vjp.because}`,
      next: "take it off that path",
    });
  }
  call.vjp(dY).forEach((partial, i) => {
    if (partial === undefined) return;
    const x = call.inputs[i];
    const gradient = slot(x);
    if (isRowGradient(partial)) gradient.rows.push(partial);
    else
      gradient.dense =
        gradient.dense === undefined ? fitTo(partial, x) : add(gradient.dense, fitTo(partial, x));
  });
}

/** Undoes broadcasting: sums the axes in which `partial` is larger than `x`, expands those in which it is smaller. */
function fitTo(partial: Tensor, x: Tensor): Tensor {
  if (sameShape(partial.shape, x.shape)) return partial;
  const extra = partial.rank - x.rank;
  const axes = partial.shape.flatMap((dim, i) =>
    i < extra || (x.shape[i - extra] === 1 && dim !== 1) ? [i] : [],
  );
  const summed = axes.length === 0 ? partial : sum(partial, axes);
  const trimmed = extra > 0 ? reshape(summed, summed.shape.slice(extra)) : summed;
  return sameShape(trimmed.shape, x.shape) ? trimmed : expand(trimmed, x.shape);
}
