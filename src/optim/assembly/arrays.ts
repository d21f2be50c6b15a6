/**
 * Plain arithmetic over f32 arrays in linear memory. All orders of summation are fixed, so results repeat to the bit.
 *
 * Offsets are in bytes, counts in elements. Nothing is checked here: bounds and indices are the caller's.
 */

/**
 * Sum of x[i]^2. Eight squares at a time are added in f32, the rest in f64: the error stays near one f32 rounding
 * (6e-8) whatever n is, at the speed of memory (all in f64: 1.6 times as long).
 * Infinite or NaN when an element is, or when a square leaves f32 (beyond 1.8e19), as in PyTorch.
 */
export function sumOfSquares(x: usize, n: u32): f64 {
  let sums0 = f64x2.splat(0);
  let sums1 = f64x2.splat(0);
  let left = n;
  for (; left >= 32; left -= 32) {
    const block = f32x4.add(
      f32x4.add(f32x4.add(square4(x, 0), square4(x, 16)), f32x4.add(square4(x, 32), square4(x, 48))),
      f32x4.add(f32x4.add(square4(x, 64), square4(x, 80)), f32x4.add(square4(x, 96), square4(x, 112))),
    );
    sums0 = f64x2.add(sums0, f64x2.promote_low_f32x4(block));
    sums1 = f64x2.add(sums1, f64x2.promote_low_f32x4(v128.shuffle<i64>(block, block, 1, 1)));
    x += 128;
  }
  const sums = f64x2.add(sums0, sums1);
  let total = f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);
  for (; left > 0; left--) {
    const value = load<f32>(x);
    total += <f64>(value * value);
    x += 4;
  }
  return total;
}

// @ts-ignore: AssemblyScript decorates functions, TypeScript only classes
@inline
function square4(x: usize, at: usize): v128 {
  const value = v128.load(x + at);
  return f32x4.mul(value, value);
}

/** dst[i] += src[i]. */
export function add(dst: usize, src: usize, n: u32): void {
  let left = n;
  for (; left >= 4; left -= 4) {
    v128.store(dst, f32x4.add(v128.load(dst), v128.load(src)));
    dst += 16;
    src += 16;
  }
  for (; left > 0; left--) {
    store<f32>(dst, load<f32>(dst) + load<f32>(src));
    dst += 4;
    src += 4;
  }
}

/** dst[i] += weight * (src[i] - dst[i]). */
export function lerp(dst: usize, src: usize, n: u32, weight: f32): void {
  const weights = f32x4.splat(weight);
  let left = n;
  for (; left >= 4; left -= 4) {
    const value = v128.load(dst);
    v128.store(dst, f32x4.add(value, f32x4.mul(weights, f32x4.sub(v128.load(src), value))));
    dst += 16;
    src += 16;
  }
  for (; left > 0; left--) {
    const value = load<f32>(dst);
    store<f32>(dst, value + weight * (load<f32>(src) - value));
    dst += 4;
    src += 4;
  }
}

/**
 * table[indices[r], :] += rows[r, :] for r = 0, 1, ... count - 1, in that order.
 * `table` [any, width] f32, `rows` [count, width] f32, `indices` [count] i32, each a row of `table`.
 */
export function scatterAddRows(table: usize, rows: usize, indices: usize, count: u32, width: u32): void {
  const rowBytes = (<usize>width) << 2;
  for (let r: u32 = 0; r < count; r++) {
    add(table + (<usize>load<i32>(indices)) * rowBytes, rows, width);
    indices += 4;
    rows += rowBytes;
  }
}
