/**
 * Speed of the optimizer's kernels on one thread: norm and AdamW over as many parameters as BERT-base has, and
 * dropout masks. Prints medians; does not compare with a peer.
 *
 *     node --import ./scripts/typescript.js bench/optimizer.ts
 *
 * Needs 1.8 GB of memory and an idle machine.
 */
import {
  AdamW,
  Arena,
  arenaBytes,
  clipCoefficient,
  createKernels,
  gradientNorm,
} from "../src/optim/index.ts";

const PARAMETERS = 110_000_000;
const SLOT = 1_000_000;
const MASK = 1 << 20;
const ROUNDS = 15;

/** Median milliseconds of one call. */
function medianMs(call: () => void): number {
  const times = Array.from({ length: ROUNDS }, () => {
    const start = performance.now();
    call();
    return performance.now() - start;
  });
  return times.sort((a, b) => a - b)[ROUNDS >> 1];
}

const lengths = Array.from({ length: PARAMETERS / SLOT }, () => SLOT);
const arena = new Arena(arenaBytes([MASK, ...lengths.flatMap((length) => [length, length, length, length])]));
const kernels = await createKernels(arena.memory);
const mask = arena.float32(MASK);
const slots = lengths.map((length, i) => ({
  name: `slot.${i}`,
  values: arena.float32(length),
  gradient: arena.float32(length),
  decay: true,
}));
for (const { gradient } of slots) {
  gradient.array.forEach((_, i, array) => {
    array[i] = Math.sin(i) * 1e-3;
  });
}
const optimizer = new AdamW(kernels, arena, slots);

// The first of the rounds run unoptimised code; the median leaves them out.
const norm = medianMs(() => gradientNorm(kernels, slots));
const step = medianMs(() => optimizer.step({ lr: 1e-4, gradScale: clipCoefficient(1.5, 1) }));
const masks = medianMs(() => kernels.dropoutMask(mask.byteOffset, MASK, 6554, 1 / 0.9, 1, 1, 1, 0));
console.log(`gradient norm, ${PARAMETERS / 1e6} M parameters  ${norm.toFixed(1)} ms`);
console.log(`AdamW step, ${PARAMETERS / 1e6} M parameters     ${step.toFixed(1)} ms`);
console.log(`dropout mask                     ${((masks / MASK) * 1e6).toFixed(2)} ns per element`);
