/**
 * What is known of each value of a graph, with the shapes that follow from others': for reading, not for running.
 *
 *     Transpose<perm=[1, 0]>(x: [t, b])    [b, t]         MatMul(a: [n, t, d], b: [n, d, s])    [n, t, s]
 *     Shape<start=0, end=1>(x)             int64[1]       Concat<axis=0> of int64 vectors       int64[their sum]
 *     Range(start, limit, step)            int64[?]
 *
 * Our own graphs say the shapes of what their authors wrote; what emitting adds in between is here. Knows the handful
 * of operators that it adds: shape inference for all of ONNX is for ONNX's own tools.
 */
import { broadcastShapes, sameShape, type Shape } from "../base/shape.ts";
import type { Graph, Node, Value } from "./ir.ts";

/** Types of inputs, results and constants, by name; none for what cannot be told. */
export function valueTypes({
  inputs,
  initializers,
  values,
  outputs,
  nodes,
}: Graph): ReadonlyMap<string, Value> {
  const constants = initializers.map(({ name, tensor: { dtype, shape } }): Value => ({ name, dtype, shape }));
  const types = new Map([...inputs, ...constants, ...values, ...outputs].map((value) => [value.name, value]));
  for (const node of nodes) {
    const [name] = node.outputs;
    if (node.outputs.length !== 1 || types.get(name)?.shape !== undefined) continue;
    const result = resultType(node, types);
    if (result !== undefined) types.set(name, { name, ...result });
  }
  return types;
}

type Type = Pick<Value, "dtype" | "shape">;

/** The type of a node's only result. */
function resultType(node: Node, types: ReadonlyMap<string, Value>): Type | undefined {
  const operands = node.inputs.map((name) => types.get(name));
  const [a, b] = operands;
  if (node.domain !== "" || a === undefined) return undefined;
  if (node.opType === "Range") return { dtype: a.dtype, shape: undefined }; // its length is the operands' values
  if (a.shape === undefined) return undefined;
  switch (node.opType) {
    case "Transpose": {
      const perm = node.attributes.perm;
      const axes = perm !== undefined && "ints" in perm ? perm.ints : a.shape.map((_, i) => i).reverse();
      return { dtype: a.dtype, shape: axes.map((axis) => a.shape?.[axis] ?? "?") };
    }
    case "MatMul":
      return b?.shape === undefined ? undefined : typed(a, productShape(a.shape, b.shape));
    case "Shape":
      return { dtype: "int64", shape: [a.shape.slice(intOf(node, "start"), intOf(node, "end")).length] };
    case "Concat": {
      const lengths = operands.map((operand) => operand?.shape?.[0]);
      const known = lengths.filter((length) => typeof length === "number");
      const vectors = operands.every((operand) => operand?.shape?.length === 1);
      if (!vectors || known.length < lengths.length) return undefined;
      return { dtype: a.dtype, shape: [known.reduce((sum, length) => sum + length, 0)] };
    }
    case "Squeeze":
      return node.inputs.length === 1 && a.shape.every((dim) => typeof dim === "number")
        ? { dtype: a.dtype, shape: a.shape.filter((dim) => dim !== 1) }
        : undefined;
    case "Mul":
      return b?.shape === undefined ? undefined : typed(a, broadcastShapes(a.shape, b.shape));
    default:
      return undefined;
  }
}

/** [..., m, k] by [..., k, n] with the same axes in front. */
function productShape(a: Shape, b: Shape): Shape | undefined {
  const [batch, m, k] = [a.slice(0, -2), a.at(-2), a.at(-1)];
  const [batchB, inner, n] = [b.slice(0, -2), b.at(-2), b.at(-1)];
  const fits = m !== undefined && n !== undefined && k === inner && sameShape(batch, batchB);
  return fits ? [...batch, m, n] : undefined;
}

function typed({ dtype }: Type, shape: Shape | undefined): Type | undefined {
  return shape === undefined ? undefined : { dtype, shape };
}

function intOf({ attributes }: Node, name: string): number | undefined {
  const attribute = attributes[name];
  return attribute !== undefined && "int" in attribute ? attribute.int : undefined;
}
