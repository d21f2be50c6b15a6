/**
 * ONNX graphs as plain values: Value, Node, Graph, Model.
 *
 * Source: ONNX IR specification (docs/IR.md), IR version 10. None of these types knows protobuf bytes
 * (`codec.ts` does), gradients (`tensor/grad.ts`) or a runtime (`runtime/`). Control flow (graph attributes),
 * sequences and functions are not represented.
 */
import type { DType, HostTensor } from "../base/dtype.ts";
import type { Shape } from "../base/shape.ts";

/** A typed name in a graph. `shape` is undefined where a graph that we did not write leaves it open. */
export interface Value {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape | undefined;
}

/** An attribute keeps its ONNX kind: `{ int: 1 }` and `{ float: 1 }` are different attributes. */
export type Attribute =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly string: string }
  | { readonly ints: readonly number[] }
  | { readonly floats: readonly number[] }
  | { readonly tensor: HostTensor };

export type Attributes = Readonly<Record<string, Attribute>>;

/** One operation. An empty input name is an optional input left out, as in ONNX. */
export interface Node {
  readonly opType: string;
  /** "" is the standard domain. */
  readonly domain: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Attributes;
}

export interface Initializer {
  readonly name: string;
  readonly tensor: HostTensor;
}

/** Nodes stand in topological order. `values` types the intermediates that are known. */
export interface Graph {
  readonly name: string;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly initializers: readonly Initializer[];
  readonly nodes: readonly Node[];
  readonly values: readonly Value[];
}

export interface Model {
  readonly graph: Graph;
  /** Version by domain: `{ "": 20, "com.microsoft": 1 }`. */
  readonly opsets: Readonly<Record<string, number>>;
  readonly producer: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Opset 20 is the first with `Gelu`; ONNX Runtime reads it since 1.17. */
export const STANDARD_OPSET = 20;
export const MICROSOFT_DOMAIN = "com.microsoft";
