/** The order of label names: the same on every machine, with numbers in them compared as numbers. */

/**
 * Numbers come first, by value; in other names runs of digits compare by value and the rest by code unit:
 * "2" < "10" < "a2" < "a10". What is equal by value ("1", "01") falls back to code units, so that different
 * names never compare equal.
 *
 * @example
 * ["10", "9", "b", "a"].sort(compareNatural); // ["9", "10", "a", "b"]
 */
export function compareNatural(a: string, b: string): number {
  if (isNumber(a) !== isNumber(b)) return isNumber(a) ? -1 : 1;
  if (isNumber(a) && Number(a) !== Number(b)) return Number(a) - Number(b);
  const [left, right] = [runs(a), runs(b)];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    if (left[i] === right[i]) continue;
    const byValue = i % 2 === 1 ? Number(left[i]) - Number(right[i]) : 0;
    return byValue || compareCodeUnits(left[i], right[i]);
  }
  return left.length - right.length;
}

/** Text and digits by turns, text first (perhaps empty), so that odd places hold the numbers. */
function runs(name: string): string[] {
  return name.split(/(\d+)/);
}

function isNumber(name: string): boolean {
  return /^-?\d+(\.\d+)?$/.test(name);
}

function compareCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
