/**
 * One AdamW update of one tensor, fused: every array passes through memory once.
 *
 * Source: Loshchilov and Hutter, "Decoupled Weight Decay Regularization" (ICLR 2019), algorithm 2, in the form of
 * PyTorch's torch.optim.AdamW:
 *
 *     g  = gradScale * g
 *     p  = (1 - lr * weightDecay) * p
 *     m  = beta1 * m + (1 - beta1) * g
 *     v  = beta2 * v + (1 - beta2) * g^2
 *     p -= lr / biasCorrection1 * m / (sqrt(v) / sqrt(biasCorrection2) + eps)
 *
 * `g` itself is left as it was. Scalars arrive in f64 so that 1 - beta2 is rounded once: 1 - f32(0.999) is off by
 * 5e-5. Does not count steps and does not clip: `adamw.ts` and `clip.ts` above do.
 */

/**
 * Moments below these are set to zero. A moment without gradient decays into the subnormal range and gets stuck
 * there (0.9 * x rounds back to x), where every multiplication costs about 150 cycles: rows of rare words would slow
 * each later step down. What is lost is far below eps in the denominator and below any weight's last bit.
 */
const FIRST_MOMENT_FLOOR: f32 = 7.888609e-31; // 2^-100
const SECOND_MOMENT_FLOOR: f32 = 7.52316385e-37; // 2^-120

/**
 * `p`, `g`, `m`, `v`: byte offsets of n f32 values each, not overlapping.
 * `biasCorrection1` = 1 - beta1^t and `biasCorrection2` = 1 - beta2^t at the t-th step, t = 1, 2, ...
 */
export function adamw(
  p: usize,
  g: usize,
  m: usize,
  v: usize,
  n: u32,
  lr: f64,
  beta1: f64,
  beta2: f64,
  eps: f64,
  weightDecay: f64,
  biasCorrection1: f64,
  biasCorrection2: f64,
  gradScale: f64,
): void {
  const scale = <f32>gradScale;
  const keep = <f32>(1.0 - lr * weightDecay);
  const b1 = <f32>beta1;
  const c1 = <f32>(1.0 - beta1);
  const b2 = <f32>beta2;
  const c2 = <f32>(1.0 - beta2);
  const stepSize = <f32>(lr / biasCorrection1);
  const rootScale = <f32>(1.0 / Math.sqrt(biasCorrection2));
  const epsilon = <f32>eps;

  const scaleX4 = f32x4.splat(scale);
  const keepX4 = f32x4.splat(keep);
  const b1X4 = f32x4.splat(b1);
  const c1X4 = f32x4.splat(c1);
  const b2X4 = f32x4.splat(b2);
  const c2X4 = f32x4.splat(c2);
  const stepSizeX4 = f32x4.splat(stepSize);
  const rootScaleX4 = f32x4.splat(rootScale);
  const epsilonX4 = f32x4.splat(epsilon);

  let left = n;
  // Two cache lines of each array a turn: at 1.3 ns per element (one vector a turn: 2.1) memory is the limit.
  for (; left >= 32; left -= 32) {
    step4(p, g, m, v, 0, scaleX4, keepX4, b1X4, c1X4, b2X4, c2X4, stepSizeX4, rootScaleX4, epsilonX4);
    step4(p, g, m, v, 16, scaleX4, keepX4, b1X4, c1X4, b2X4, c2X4, stepSizeX4, rootScaleX4, epsilonX4);
    step4(p, g, m, v, 32, scaleX4, keepX4, b1X4, c1X4, b2X4, c2X4, stepSizeX4, rootScaleX4, epsilonX4);
    step4(p, g, m, v, 48, scaleX4, keepX4, b1X4, c1X4, b2X4, c2X4, stepSizeX4, rootScaleX4, epsilonX4);
    step4(p, g, m, v, 64, scaleX4, keepX4, b1X4, c1X4, b2X4, c2X4, stepSizeX4, rootScaleX4, epsilonX4);
    step4(p, g, m, v, 80, scaleX4, keepX4, b1X4, c1X4, b2X4, c2X4, stepSizeX4, rootScaleX4, epsilonX4);
    step4(p, g, m, v, 96, scaleX4, keepX4, b1X4, c1X4, b2X4, c2X4, stepSizeX4, rootScaleX4, epsilonX4);
    step4(p, g, m, v, 112, scaleX4, keepX4, b1X4, c1X4, b2X4, c2X4, stepSizeX4, rootScaleX4, epsilonX4);
    p += 128;
    g += 128;
    m += 128;
    v += 128;
  }
  for (; left >= 4; left -= 4) {
    step4(p, g, m, v, 0, scaleX4, keepX4, b1X4, c1X4, b2X4, c2X4, stepSizeX4, rootScaleX4, epsilonX4);
    p += 16;
    g += 16;
    m += 16;
    v += 16;
  }
  for (; left > 0; left--) {
    const grad = load<f32>(g) * scale;
    let first = b1 * load<f32>(m) + c1 * grad;
    let second = b2 * load<f32>(v) + c2 * (grad * grad);
    if (Mathf.abs(first) < FIRST_MOMENT_FLOOR) first = 0;
    if (second < SECOND_MOMENT_FLOOR) second = 0;
    store<f32>(m, first);
    store<f32>(v, second);
    const denominator = Mathf.sqrt(second) * rootScale + epsilon;
    store<f32>(p, load<f32>(p) * keep - stepSize * (first / denominator));
    p += 4;
    g += 4;
    m += 4;
    v += 4;
  }
}

/** Four elements, `at` bytes behind the pointers. */
// @ts-ignore: AssemblyScript decorates functions, TypeScript only classes
@inline
function step4(
  p: usize,
  g: usize,
  m: usize,
  v: usize,
  at: usize,
  scale: v128,
  keep: v128,
  b1: v128,
  c1: v128,
  b2: v128,
  c2: v128,
  stepSize: v128,
  rootScale: v128,
  epsilon: v128,
): void {
  const grad = f32x4.mul(v128.load(g + at), scale);
  let first = f32x4.add(f32x4.mul(b1, v128.load(m + at)), f32x4.mul(c1, grad));
  let second = f32x4.add(f32x4.mul(b2, v128.load(v + at)), f32x4.mul(c2, f32x4.mul(grad, grad)));
  // Clearing where "less than" holds keeps NaN, which "greater than" would wipe out.
  first = v128.andnot(first, f32x4.lt(f32x4.abs(first), f32x4.splat(FIRST_MOMENT_FLOOR)));
  second = v128.andnot(second, f32x4.lt(second, f32x4.splat(SECOND_MOMENT_FLOOR)));
  v128.store(m + at, first);
  v128.store(v + at, second);
  const denominator = f32x4.add(f32x4.mul(f32x4.sqrt(second), rootScale), epsilon);
  const update = f32x4.mul(stepSize, f32x4.div(first, denominator));
  v128.store(p + at, f32x4.sub(f32x4.mul(v128.load(p + at), keep), update));
}
