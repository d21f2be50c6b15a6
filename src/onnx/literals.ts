/**
 * Constants and attributes as text, short enough to stand inside a line.
 *
 *     {0, -1, 64}    int64[3]          0.125    float32[]
 *     7              int64[]           -inf     float32[]
 *
 * Every other type is written out: `int32[2]{0, 1}`. A float always shows a point, an exponent or a name, so that it
 * is no integer to the eye either; it has the fewest digits that read back as the same float32.
 */
import type { HostTensor } from "../base/dtype.ts";
import { formatShape } from "../base/shape.ts";
import type { Attribute } from "./ir.ts";

/** Constants of more elements are not written where they are used. */
const MOST_INLINE = 8;

/** What a graph can be read without is its weights; what it cannot are axes, target shapes and factors. */
export function isInline({ dtype, shape, data }: HostTensor): boolean {
  const whole = dtype === "int64" || dtype === "int32" || dtype === "bool";
  return shape.length === 0 || (whole && data.length <= MOST_INLINE);
}

/** A constant where it is used. */
export function inlineText(tensor: HostTensor): string {
  const { dtype, shape, data } = tensor;
  if (shape.length === 0 && dtype === "float32") return floatText(Number(data[0]));
  if (shape.length === 0 && dtype === "int64") return String(data[0]);
  if (shape.length === 1 && dtype === "int64") return `{${[...data].join(", ")}}`;
  return tensorText(tensor);
}

/** The type, and the values where there are few. */
export function tensorText(tensor: HostTensor): string {
  const { dtype, shape, data } = tensor;
  const texts = () =>
    dtype === "float32" || dtype === "float16"
      ? tensorNumbers(tensor).map(floatText)
      : Array.from<unknown>(data).map(String);
  return `${dtype}${formatShape(shape)}${data.length <= MOST_INLINE ? `{${texts().join(", ")}}` : "{...}"}`;
}

/** The elements as numbers: int64 beyond 2^53 is rounded. */
export function tensorNumbers({ dtype, data }: HostTensor): number[] {
  const numbers = Array.from(data, Number);
  return dtype === "float16" ? numbers.map(halfToNumber) : numbers;
}

export function attributeText(attribute: Attribute): string {
  if ("int" in attribute) return String(attribute.int);
  if ("float" in attribute) return floatText(attribute.float);
  if ("string" in attribute) return JSON.stringify(attribute.string);
  if ("ints" in attribute) return `[${attribute.ints.join(", ")}]`;
  if ("floats" in attribute) return `[${attribute.floats.map(floatText).join(", ")}]`;
  return inlineText(attribute.tensor);
}

/** A float32 in the fewest digits: 0.1, not 0.10000000149011612. */
function floatText(value: number): string {
  if (!Number.isFinite(value)) return String(value).replace("Infinity", "inf").toLowerCase();
  const single = Math.fround(value);
  let digits = 1;
  while (digits < 9 && Math.fround(Number(single.toPrecision(digits))) !== single) digits += 1;
  const text = Object.is(single, -0) ? "-0" : String(Number(single.toPrecision(digits)));
  return /[.e]/.test(text) ? text : `${text}.0`;
}

/** IEEE 754 binary16: 1 bit of sign, 5 of exponent, 10 of fraction. */
function halfToNumber(bits: number): number {
  const sign = bits < 0x8000 ? 1 : -1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
  return exponent === 0 ? (sign * fraction) / 2 ** 24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
