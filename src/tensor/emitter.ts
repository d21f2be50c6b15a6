/**
 * The pen that op rules write ONNX nodes with: makes names, dedupes constants, types intermediates.
 *
 * Two dialects: "ort" may use ONNX Runtime's own operators (FusedMatMul) and is what we run; "onnx" keeps to the
 * standard and is what we export for others. Does not decide what is emitted: `emit.ts` does.
 */
import type { HostTensor } from "../base/dtype.ts";
import { AttuneError } from "../base/errors.ts";
import type { Dim, Shape } from "../base/shape.ts";
import { factors } from "../base/shape.ts";
import type { Attributes, Initializer, Node } from "../onnx/index.ts";
import { MICROSOFT_DOMAIN } from "../onnx/index.ts";

export type Dialect = "ort" | "onnx";

export class Emitter {
  readonly dialect: Dialect;
  readonly nodes: Node[] = [];
  readonly initializers: Initializer[] = [];
  readonly #constants = new Map<string, string>();
  readonly #dimSources = new Map<string, { readonly tensor: string; readonly axis: number }>();
  readonly #computed = new Map<string, string>();
  readonly #taken: ReadonlySet<string>;
  #count = 0;

  /** @param taken names that stand for something else in the graph; default none. */
  constructor(dialect: Dialect, taken: ReadonlySet<string> = new Set()) {
    this.dialect = dialect;
    this.#taken = taken;
  }

  /** Says that the named dimensions of a graph input can be read off it at run time. */
  declareInput(name: string, shape: Shape): void {
    shape.forEach((dim, axis) => {
      if (typeof dim === "string" && !this.#dimSources.has(dim))
        this.#dimSources.set(dim, { tensor: name, axis });
    });
  }

  /** Adds a standard node with one output and returns the output's name. */
  node(opType: string, inputs: readonly string[], attributes: Attributes = {}): string {
    return this.nodeWithOutputs(opType, inputs, attributes, 1)[0];
  }

  /** Adds a node of ONNX Runtime's own domain with one output. */
  microsoftNode(opType: string, inputs: readonly string[], attributes: Attributes): string {
    return this.#push(opType, MICROSOFT_DOMAIN, inputs, attributes, 1)[0];
  }

  /** Adds a standard node with `count` outputs. */
  nodeWithOutputs(
    opType: string,
    inputs: readonly string[],
    attributes: Attributes,
    count: number,
  ): readonly string[] {
    return this.#push(opType, "", inputs, attributes, count);
  }

  /** A constant of the graph; equal small constants share one initializer. */
  constant(value: HostTensor): string {
    const { dtype, shape, data } = value;
    // by bytes: 0 and -0 are different constants
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const key = `${dtype}[${shape}]${data.length <= 16 ? bytes.join() : `#${this.#constants.size}`}`;
    const known = this.#constants.get(key);
    if (known !== undefined) return known;
    const name = this.#free(`const_${this.#constants.size}`);
    this.#constants.set(key, name);
    this.initializers.push({ name, tensor: value });
    return name;
  }

  /** An int64 vector: axes, pads, target shapes. */
  int64s(values: readonly number[]): string {
    return this.constant({
      dtype: "int64",
      shape: [values.length],
      data: BigInt64Array.from(values.map(BigInt)),
    });
  }

  /**
   * A dimension as an int64 vector of one element, read from a graph input where it is named.
   *
   * @throws ERR_SHAPE where no input has it.
   */
  dim(dim: Dim): string {
    if (typeof dim === "number") return this.int64s([dim]);
    return this.#once(`dim ${dim}`, () => {
      const source = this.#dimSources.get(dim);
      if (source !== undefined) {
        return this.node("Shape", [source.tensor], {
          start: { int: source.axis },
          end: { int: source.axis + 1 },
        });
      }
      const { coefficient, names } = factors(dim);
      if (names.length === 1 && coefficient === 1) throw unknownSize(dim);
      const parts = [...names, ...(coefficient === 1 ? [] : [coefficient])];
      return parts.map((part) => this.dim(part)).reduce((a, b) => this.node("Mul", [a, b]));
    });
  }

  /** A shape as an int64 vector: a constant where all is known, else put together once a run. */
  shape(shape: Shape): string {
    const known = shape.filter((dim) => typeof dim === "number");
    if (known.length === shape.length) return this.int64s(known);
    return this.#once(`shape ${shape.join()}`, () =>
      this.node(
        "Concat",
        shape.map((dim) => this.dim(dim)),
        { axis: { int: 0 } },
      ),
    );
  }

  #free(name: string): string {
    return this.#taken.has(name) ? this.#free(`${name}~`) : name;
  }

  #once(key: string, make: () => string): string {
    const known = this.#computed.get(key);
    if (known !== undefined) return known;
    const name = make();
    this.#computed.set(key, name);
    return name;
  }

  #push(
    opType: string,
    domain: string,
    inputs: readonly string[],
    attributes: Attributes,
    count: number,
  ): readonly string[] {
    const name = `${opType.toLowerCase()}_${this.#count++}`;
    const each = count === 1 ? [name] : Array.from({ length: count }, (_, i) => `${name}_${i}`);
    const outputs = each.map((output) => this.#free(output));
    this.nodes.push({ opType, domain, name, inputs, outputs, attributes });
    return outputs;
  }
}

function unknownSize(dim: string): AttuneError {
  return new AttuneError("ERR_SHAPE", {
    rule: "a named size must be that of an input that the outputs depend on",
    found: `no such input has a dimension "${dim}"`,
    next: "give one that dimension, or use a number",
  });
}
