/**
 * Comparison of whole reports up to rounding: `expect(snap(actual, expected, 1e-12)).toEqual(expected)`.
 *
 * Structure, names and everything that is no number must still be equal.
 */

/** A copy of `actual` in which every number within `tolerance` of its counterpart is that counterpart. */
export function snap(actual: unknown, expected: unknown, tolerance: number): unknown {
  if (typeof actual === "number" && typeof expected === "number") {
    return Math.abs(actual - expected) <= tolerance ? expected : actual;
  }
  if (Array.isArray(actual) && Array.isArray(expected)) {
    return actual.map((item, i) => snap(item, expected[i], tolerance));
  }
  if (!isRecord(actual) || !isRecord(expected)) return actual;
  const entries = Object.entries(actual).map(([key, value]) => [key, snap(value, expected[key], tolerance)]);
  return Object.fromEntries(entries);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
