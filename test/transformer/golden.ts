/** Reads the goldens of fixtures/transformer-torch: what each case is, what it is given, and what must come out. */
import { readFileSync } from "node:fs";
import type { HostTensor } from "../../src/base/dtype.ts";
import { elementCount } from "../../src/base/shape.ts";
import { numbers } from "../compute.ts";

const folder = new URL("../../fixtures/transformer-torch/", import.meta.url);

export type Shapes = Readonly<Record<string, readonly number[]>>;

/** What every case says of itself; tests know what else theirs say. */
export interface GoldenCase {
  readonly name: string;
  readonly outputs: Shapes;
  readonly inputs: Shapes;
  readonly state: number;
}

export class Goldens<C extends GoldenCase, Extra = unknown> {
  readonly cases: readonly C[];
  readonly extra: Extra;
  readonly #states: readonly Shapes[];
  readonly #tensors: ReadonlyMap<string, HostTensor>;

  constructor(name: string) {
    const json = readJson<{ cases: readonly C[]; states: readonly Shapes[] } & Extra>(name);
    this.cases = json.cases;
    this.extra = json;
    this.#states = json.states;
    this.#tensors = readSafetensors(new URL(`${name}.safetensors`, folder));
  }

  /** The cases as vitest's `it.each` takes them, titles first. */
  get rows(): readonly (readonly [title: string, golden: C])[] {
    return this.cases.map((golden) => [golden.name, golden] as const);
  }

  /** The case of this name. */
  named(name: string): C {
    const golden = this.cases.find((candidate) => candidate.name === name);
    if (golden === undefined) throw new Error(`the goldens have no case "${name}"`);
    return golden;
  }

  /** Names and shapes of the parameters: PyTorch's state_dict. */
  state({ state }: C): Shapes {
    return this.#states[state];
  }

  /** A tensor that a case is given, by the name that the case has for it. */
  given(name: string): HostTensor {
    const tensor = this.#tensors.get(name);
    if (tensor === undefined) throw new Error(`the goldens hold no "${name}"`);
    return tensor;
  }

  /** What must come out: the case's outputs, and "gradient:NAME" of every input and parameter. */
  wanted(golden: C): ReadonlyMap<string, HostTensor> {
    const all = numbers(this.given(golden.name));
    const wanted = new Map<string, HostTensor>();
    let at = 0;
    const take = (name: string, shape: readonly number[]) => {
      const data = Float32Array.from(all.subarray(at, at + elementCount(shape)));
      at += data.length;
      wanted.set(name, { dtype: "float32", shape, data });
    };
    for (const [name, shape] of Object.entries(golden.outputs)) take(name, shape);
    for (const shapes of [golden.inputs, this.state(golden)])
      for (const [name, shape] of Object.entries(shapes)) take(`gradient:${name}`, shape);
    if (at !== all.length) throw new Error(`${golden.name}: ${all.length} numbers, ${at} described`);
    return wanted;
  }
}

/** A file of the folder that has no tensors beside it. */
export function readJson<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`${name}.json`, folder), "utf8")) as T;
}

/** The tensors of one safetensors file by name, read by hand so that tests do not lean on our reader. */
function readSafetensors(url: URL): ReadonlyMap<string, HostTensor> {
  const bytes = readFileSync(url);
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString("utf8", 8, start)) as Record<
    string,
    { dtype: "F32" | "I32" | "BOOL"; shape: readonly number[]; data_offsets: readonly [number, number] }
  >;
  const tensors = new Map<string, HostTensor>();
  for (const [name, { dtype, shape, data_offsets: offsets }] of Object.entries(header)) {
    const { buffer } = Uint8Array.from(bytes.subarray(start + offsets[0], start + offsets[1]));
    if (dtype === "F32") tensors.set(name, { dtype: "float32", shape, data: new Float32Array(buffer) });
    else if (dtype === "I32") tensors.set(name, { dtype: "int32", shape, data: new Int32Array(buffer) });
    else tensors.set(name, { dtype: "bool", shape, data: new Uint8Array(buffer) });
  }
  return tensors;
}
