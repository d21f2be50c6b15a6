/**
 * Masks: who may look at whom.
 *
 * As in PyTorch, a bool mask is true where a key must NOT be seen, and a float mask is added to the scores; a float
 * mask of -Infinity hides like true. (A tokenizer's attention mask says the opposite: 1 for tokens. `paddingBias`
 * takes that one.) A query from whom every key is hidden attends to nothing: its weights are 0, not NaN as in
 * PyTorch before 2.5.
 *
 * Legend: t queries, s keys, b batch.
 */
import type { Dim, Shape } from "../base/shape.ts";
import { formatShape, product, sameShape } from "../base/shape.ts";
import { AttuneError } from "../base/errors.ts";
import type { Tensor } from "../tensor/index.ts";
import { requireLengths, unusedOption } from "./option-checks.ts";
import {
  add,
  arange,
  cast,
  expand,
  greater,
  mul,
  or,
  reshape,
  scalar,
  shapeError,
  sub,
  where,
} from "../tensor/index.ts";

/** The lowest finite float32: a masked key gets no weight beside any other. */
export const LOWEST = -3.4028234663852886e38;

/** Anything below hides: -Infinity, and the lowest float that some write for it. */
const HIDES = -1e38;

/** Masks as a caller gives them. */
export interface AttentionMasks {
  /** [b, s] ([s] for one sequence): bool, true for padding; or float32, added. */
  readonly keyPaddingMask?: Tensor | undefined;
  /** [t, s], or [b*heads, t, s]: bool, true where hidden; or float32, added. */
  readonly attnMask?: Tensor | undefined;
  /** No query sees keys behind its own place. Default false. */
  readonly isCausal?: boolean | undefined;
  /** For `isCausal`, int32 [t]: the places of the queries. Default 0, 1, ..., t-1. */
  readonly queryPlaces?: Tensor | undefined;
}

/** Masks as attention over heads takes them; both broadcast to [b*heads, t, s]. */
export interface HeadMasks {
  readonly hidden?: Tensor | undefined;
  readonly bias?: Tensor | undefined;
}

/**
 * bool [t, s], true where key s lies behind query t: the mask of a decoder.
 *
 * @param queryPlaces int32 [t]: the places of the queries; default 0, 1, ..., t-1.
 * @throws ERR_OPTION unless lengths are names, or whole numbers, 1 or more.
 */
export function causalMask(t: Dim, s: Dim = t, queryPlaces?: Tensor): Tensor {
  requireLengths("causalMask", { t, s });
  return greater(reshape(arange(s), [1, s]), reshape(queryPlaces ?? arange(t), [t, 1]));
}

/**
 * The bias that hides padding: attention mask [b, s] (1 = token, 0 = padding; any integer type) to
 * [b*heads, 1, s] with 0 for tokens and the lowest float for padding. A row without any token sees all keys alike.
 */
export function paddingBias(attentionMask: Tensor, numHeads: number): Tensor {
  if (attentionMask.rank !== 2) {
    throw shapeError(
      "paddingBias",
      "the attention mask must be [batch, sequence]",
      [attentionMask],
      "pass the tokenizer's mask",
    );
  }
  return perHead(mul(sub(scalar(1), cast(attentionMask, "float32")), scalar(LOWEST)), numHeads);
}

/**
 * Checks masks against the sizes of one attention and puts them together.
 *
 * @throws ERR_MASK naming the module, the shape it expects and the one found; ERR_OPTION_UNUSED for `queryPlaces`
 *   without `isCausal`.
 */
export function headMasks(
  label: string,
  masks: AttentionMasks,
  sizes: { readonly b: Dim; readonly t: Dim; readonly s: Dim; readonly numHeads: number },
): HeadMasks {
  const { b, t, s, numHeads } = sizes;
  if (masks.queryPlaces !== undefined && masks.isCausal !== true)
    throw unusedOption(label, "queryPlaces are for isCausal", "isCausal is not true");
  const parts: HeadMasks[] = [];
  if (masks.keyPaddingMask !== undefined) {
    const mask = masks.keyPaddingMask;
    checkMask(label, "keyPaddingMask", mask, [[b, s]]);
    const { hidden, bias } = split(mask);
    parts.push({
      hidden: perHead(hidden, numHeads),
      bias: bias === undefined ? undefined : perHead(bias, numHeads),
    });
  }
  if (masks.attnMask !== undefined) {
    checkMask(label, "attnMask", masks.attnMask, [
      [t, s],
      [product([b, numHeads]), t, s],
    ]);
    parts.push(split(masks.attnMask));
  }
  if (masks.isCausal === true) parts.push({ hidden: causalMask(t, s, masks.queryPlaces) });
  return {
    hidden: joined(
      parts.map(({ hidden }) => hidden),
      or,
    ),
    bias: joined(
      parts.map(({ bias }) => bias),
      add,
    ),
  };
}

/** [b, s] -> [b*heads, 1, s] */
function perHead(mask: Tensor, numHeads: number): Tensor {
  const [b, s] = mask.shape;
  const repeated = expand(reshape(mask, [b, 1, 1, s]), [b, numHeads, 1, s]);
  return reshape(repeated, [product([b, numHeads]), 1, s]);
}

/** What a mask hides, and what it adds where it does not. */
function split(mask: Tensor): { readonly hidden: Tensor; readonly bias?: Tensor } {
  if (mask.dtype === "bool") return { hidden: mask };
  const hidden = greater(scalar(HIDES), mask);
  return { hidden, bias: where(hidden, scalar(0), mask) };
}

function joined(
  parts: readonly (Tensor | undefined)[],
  join: (a: Tensor, b: Tensor) => Tensor,
): Tensor | undefined {
  const given = parts.filter((part) => part !== undefined);
  return given.length === 0 ? undefined : given.reduce(join);
}

function checkMask(label: string, name: string, mask: Tensor, expected: readonly Shape[]): void {
  const rightType = mask.dtype === "bool" || mask.dtype === "float32";
  if (rightType && expected.some((shape) => sameShape(shape, mask.shape))) return;
  const shapes = expected.map((shape) => formatShape(shape)).join(" or ");
  throw new AttuneError("ERR_MASK", {
    rule: `${label}: ${name} must be bool or float32 ${shapes}`,
    found: `found ${mask.toString()}`,
    next: "true (or -Infinity) hides a key; for a tokenizer's mask of ones and zeros use equal(mask, 0)",
  });
}
