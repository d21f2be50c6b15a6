/**
 * Rotary positions: queries and keys are turned by an angle that grows with their place, so that their product
 * depends on how far apart they stand.
 *
 *     (x_i, x_{i+d/2}) -> (x_i cos(p f_i) - x_{i+d/2} sin(p f_i),  x_{i+d/2} cos(p f_i) + x_i sin(p f_i)),
 *     f_i = base^(-2i/d),  p the place
 *
 * Source: Su et al., "RoFormer" (2021), section 3.4; pairs are halves of a head, as in GPT-NeoX and Llama.
 */
import type { Dim } from "../base/shape.ts";
import { product } from "../base/shape.ts";
import type { Tensor } from "../tensor/index.ts";
import { add, arange, concat, constant, gatherRows, mul, reshape, slice, sub } from "../tensor/index.ts";
import { optionError, requireEvenHeads, requirePositiveIntegers } from "./option-checks.ts";

export interface RotaryOptions {
  /** Default 10000. */
  readonly base?: number;
  /** Places that a graph with a named length can tell apart. Default 2048; a known length needs no limit. */
  readonly maxPositions?: number;
}

/** Throws ERR_OPTION unless the base is a number above 0 and the places are whole, 1 or more. */
export function requireRotary(module: string, { base = 10000, maxPositions = 2048 }: RotaryOptions): void {
  if (!(base > 0 && base < Infinity))
    throw optionError(module, "rotary.base must be a number above 0", `it is ${base}`);
  requirePositiveIntegers(module, { "rotary.maxPositions": maxPositions });
}

/** cos(p f_i) and sin(p f_i) for the places of a sequence, each [t, 1, half of a head]. */
export interface RotaryTables {
  readonly cos: Tensor;
  readonly sin: Tensor;
}

/**
 * Turns x [t, b, h], whose heads are h / numHeads wide; that must be even.
 *
 * @param options.positions int32 [t]: the places; default 0, 1, ..., t-1.
 */
export function rotary(
  x: Tensor,
  options: RotaryOptions & { readonly numHeads: number; readonly positions?: Tensor | undefined },
): Tensor {
  const [t, , h] = x.shape;
  return turn(x, rotaryTables(t, Number(h) / options.numHeads, options), options.numHeads);
}

/**
 * The tables for sequences of t places and heads of one width: made once, they serve every layer of a model, which then
 * holds them once.
 *
 * @param options.positions int32 [t]: the places; default 0, 1, ..., t-1.
 * @throws ERR_OPTION unless heads are of an even width.
 */
export function rotaryTables(
  t: Dim,
  headSize: number,
  options: RotaryOptions & { readonly positions?: Tensor | undefined },
): RotaryTables {
  const { base = 10000, maxPositions = 2048, positions } = options;
  requireEvenHeads("rotary", headSize);
  requireRotary("rotary", options);
  const half = headSize / 2;
  const known = typeof t === "number" && positions === undefined;
  const at = known ? undefined : (positions ?? arange(t));
  const table = (f: (angle: number) => number) => {
    const values = angles(known ? t : maxPositions, half, base, f);
    return reshape(at === undefined ? values : gatherRows(values, at), [t, 1, half]);
  };
  return { cos: table(Math.cos), sin: table(Math.sin) };
}

/** x [t, b, h] turned by tables of its places. */
export function turn(x: Tensor, { cos, sin }: RotaryTables, numHeads: number): Tensor {
  const [t, b, h] = x.shape;
  const headSize = Number(h) / numHeads;
  const half = headSize / 2;
  const heads = reshape(x, [t, product([b, numHeads]), headSize]);
  const left = slice(heads, { axis: 2, start: 0, end: half });
  const right = slice(heads, { axis: 2, start: half, end: headSize });
  const turned = concat([sub(mul(left, cos), mul(right, sin)), add(mul(right, cos), mul(left, sin))], {
    axis: 2,
  });
  return reshape(turned, x.shape);
}

/** f(p f_i) for each place and frequency, [places, half]. */
function angles(places: number, half: number, base: number, f: (angle: number) => number): Tensor {
  const data = new Float32Array(places * half);
  for (let p = 0; p < places; p++)
    for (let i = 0; i < half; i++) data[p * half + i] = f(p * base ** (-i / half));
  return constant({ dtype: "float32", shape: [places, half], data });
}
