/** Pearson's chi-square test for tests of random draws. */

/** sum of (count - expected)^2 / expected. One figure of `expected` is that of every count. */
export function chiSquare(counts: readonly number[], expected: number | readonly number[]): number {
  return counts.reduce((sum, count, i) => {
    const wanted = typeof expected === "number" ? expected : expected[i];
    return sum + (count - wanted) ** 2 / wanted;
  }, 0);
}

/**
 * What chi-square exceeds by chance once in a thousand times, from `degrees` of freedom (Wilson and Hilferty 1931;
 * within 1% from two degrees up, and 10.83 at one).
 */
export function chiSquareLimit(degrees: number): number {
  const spread = 2 / (9 * degrees);
  return degrees === 1 ? 10.83 : degrees * (1 - spread + 3.0902 * Math.sqrt(spread)) ** 3;
}
