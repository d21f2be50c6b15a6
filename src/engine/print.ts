/**
 * Modules and tensors as text and as ONNX files.
 *
 *     print(layer)              one line an operator: name, type, shape, what it reads, parameters by their paths
 *     exportOnnx(layer)         bytes that any ONNX runtime loads, weights inside
 *
 * A module that is given as it is gets its example inputs, with named dimensions. Runs nothing.
 */
import { AttuneError } from "../base/errors.ts";
import { encodeModel, printGraph } from "../onnx/index.ts";
import { emitModel, Tensor } from "../tensor/index.ts";
import { graphInputs } from "./evaluate.ts";

/** What a module is to this file. */
type Traceable = ((...inputs: never[]) => unknown) & {
  readonly example: () => { readonly output: unknown };
};

/** A tensor, several by name, or a module. */
export type Printable = Tensor | Readonly<Record<string, Tensor>> | Traceable;

/**
 * The graph that computes something, as text. A single tensor is called "output".
 *
 * @throws ERR_NOTHING_TO_PRINT; ERR_INPUT_NAME where an output is called as an input or a parameter is; ERR_SHAPE for a
 *   named size that no input has.
 * @example
 * console.log(print(new Linear({ inFeatures: 2, outFeatures: 3 })));
 */
export function print(target: Printable): string {
  const outputs = outputsOf(target, "print");
  const inputs = graphInputs(outputs);
  const { graph } = emitModel({
    name: nameOf(target),
    inputs,
    outputs,
    parameters: "inputs",
    dialect: "onnx",
  });
  return printGraph(graph, new Set(graph.inputs.slice(inputs.length).map(({ name }) => name)));
}

/**
 * The graph as an ONNX file: standard operators (opset 20), the modules' present weights inside. A single tensor is
 * called "output".
 *
 * @throws what `print` throws, and ERR_PARAMETER_MISSING for a parameter that belongs to no module.
 * @example
 * writeFileSync("linear.onnx", exportOnnx(new Linear({ inFeatures: 2, outFeatures: 3 })));
 */
export function exportOnnx(target: Printable): Uint8Array {
  const outputs = outputsOf(target, "exportOnnx");
  const inputs = graphInputs(outputs);
  return encodeModel(
    emitModel({ name: nameOf(target), inputs, outputs, parameters: "own", dialect: "onnx" }),
  );
}

function nameOf(target: Printable): string {
  return typeof target === "function" ? target.name : "graph";
}

function outputsOf(target: Printable, asker: string): Readonly<Record<string, Tensor>> {
  if (target instanceof Tensor) return { output: target };
  const outputs: unknown = typeof target === "function" ? target.example().output : target;
  if (outputs instanceof Tensor) return { output: outputs };
  const entries = Object.entries(outputs ?? {}).filter(
    (entry): entry is [string, Tensor] => entry[1] instanceof Tensor,
  );
  if (entries.length > 0) return Object.fromEntries(entries);
  throw new AttuneError("ERR_NOTHING_TO_PRINT", {
    rule: `${asker} takes a tensor, tensors by name, or a module`,
    found: "no tensor",
    next: "pass layer or layer(x)",
  });
}
