/**
 * The layouts that callers may use, and the one that layers work in: [sequence, batch, d].
 *
 * As in PyTorch: [sequence, batch, d], or [batch, sequence, d] with `batchFirst`, or [sequence, d] for a single
 * sequence. Layers turn what they are given into the first once, and their result back.
 */
import { formatShape } from "../base/shape.ts";
import type { Tensor } from "../tensor/index.ts";
import { reshape, shapeError, transpose } from "../tensor/index.ts";
import type { AttentionMasks } from "./masks.ts";

export interface Layout {
  /** Into [s, b, d]. */
  readonly enter: (name: string, x: Tensor, width: number) => Tensor;
  /** Back to what the caller uses. */
  readonly leave: (x: Tensor) => Tensor;
  /** A key padding mask into [b, s]. */
  readonly enterMask: (mask: Tensor | undefined) => Tensor | undefined;
}

/**
 * The layout of a call, told from its first input.
 *
 * @param label what errors call the module.
 */
export function layoutOf(label: string, first: Tensor, batchFirst: boolean): Layout {
  const single = first.rank === 2;
  return {
    enter: (name, x, width) => {
      const rank = single ? 2 : 3;
      if (x.rank !== rank || x.shape[rank - 1] !== width || x.dtype !== "float32") {
        const batched = batchFirst ? ["b", "s", width] : ["s", "b", width];
        const either = x === first ? [batched, ["s", width]] : [batched]; // later inputs follow the first
        const expected = single ? [["s", width]] : either;
        throw shapeError(
          label,
          `${name} must be float32 ${expected.map(formatShape).join(" or ")}`,
          [x],
          "reshape or transpose it, or change the module's options",
        );
      }
      if (single) return reshape(x, [x.shape[0], 1, width]);
      return batchFirst ? transpose(x, [1, 0, 2]) : x;
    },
    leave: (x) => {
      if (single) return reshape(x, [x.shape[0], x.shape[2]]);
      return batchFirst ? transpose(x, [1, 0, 2]) : x;
    },
    enterMask: (mask) => (single && mask?.rank === 1 ? reshape(mask, [1, mask.shape[0]]) : mask),
  };
}

/**
 * Checks the one input of a layer that works on the last axis, whatever the others.
 *
 * @throws ERR_SHAPE unless x is float32 [..., width].
 */
export function requireWidth(label: string, x: Tensor, width: number): Tensor {
  if (x.dtype === "float32" && x.shape[x.rank - 1] === width) return x;
  throw shapeError(
    label,
    `x must be float32 [..., ${width}]`,
    [x],
    "reshape it, or change the module's options",
  );
}

/** The masks of a call in the layers' own layout. */
export function enterMasks(layout: Layout, masks: AttentionMasks): AttentionMasks {
  return { ...masks, keyPaddingMask: layout.enterMask(masks.keyPaddingMask) };
}
