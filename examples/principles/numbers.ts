/**
 * What the examples of the book share: reading tensors as plain numbers, and printing them in columns.
 *
 * Nothing here is about Transformers; that part stands in the chapters' own files.
 */
import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";
import type { HostTensor } from "attune/nn";

/** The numbers of a float32 tensor, row by row. */
export function floats({ dtype, data }: HostTensor): Float32Array {
  assert(data instanceof Float32Array, `expected float32, got ${dtype}`);
  return data;
}

/** The last axis of a float32 tensor as rows: [2, 3, 4] gives six rows of four. */
export function rows(tensor: HostTensor): Float32Array[] {
  const data = floats(tensor);
  const width = tensor.shape[tensor.shape.length - 1];
  return Array.from({ length: data.length / width }, (_, i) => data.subarray(i * width, (i + 1) * width));
}

export function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((total, value, i) => total + value * b[i], 0);
}

/** The cosine of the angle between two vectors: 1 same direction, 0 unrelated, -1 opposite. */
export function cosine(a: Float32Array, b: Float32Array): number {
  return dot(a, b) / (Math.hypot(...a) * Math.hypot(...b));
}

/** Mean and standard deviation (of the whole, not of a sample). */
export function moments(values: Float32Array): { readonly mean: number; readonly std: number } {
  const mean = values.reduce((total, value) => total + value, 0) / values.length;
  const variance = values.reduce((total, value) => total + (value - mean) ** 2, 0) / values.length;
  return { mean, std: Math.sqrt(variance) };
}

export function largestDifference(a: Float32Array, b: Float32Array): number {
  assert.equal(a.length, b.length);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);
}

/** 262144 as "262,144". */
export function grouped(value: number): string {
  return value.toLocaleString("en-US");
}

/** "[10, 512]" */
export function shapeOf({ shape }: { readonly shape: readonly (number | string)[] }): string {
  return `[${shape.join(", ")}]`;
}

/**
 * Lines in columns as wide as their widest cell: the first column to the left, the others to the right, two blanks
 * between. Chinese characters count as two.
 */
export function printTable(lines: readonly (readonly string[])[]): void {
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => columns(line[column]))));
  for (const line of lines) {
    const cells = line.map((cell, column) => {
      const fill = " ".repeat(widths[column] - columns(cell));
      return column === 0 ? cell + fill : fill + cell;
    });
    console.log(cells.join("  ").trimEnd());
  }
}

/** Whether the file with this `import.meta.url` is the one that Node was started with. */
export function isMain(url: string): boolean {
  return process.argv[1] !== undefined && url === pathToFileURL(process.argv[1]).href;
}

function columns(text: string): number {
  return text.replace(/[\u2e80-\u9fff\uff00-\uff60]/g, "xx").length;
}
