/**
 * From tensors to an ONNX model: everything reachable from the outputs, in topological order.
 *
 * Parameters become graph inputs (training: the optimizer changes them between runs) or initializers
 * (prediction: ONNX Runtime pre-packs them). Does not optimise the graph; ONNX Runtime does at load.
 */
import type { HostTensor } from "../base/dtype.ts";
import { AttuneError, internal } from "../base/errors.ts";
import type { Initializer, Model, Node, Value } from "../onnx/index.ts";
import { checkModel, MICROSOFT_DOMAIN, STANDARD_OPSET } from "../onnx/index.ts";
import type { Dialect } from "./emitter.ts";
import { Emitter } from "./emitter.ts";
import type { Source, Tensor } from "./tensor.ts";

export interface EmitOptions {
  readonly name: string;
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** Graph inputs in the order wanted; those that no output needs are kept so that callers can feed one set. */
  readonly inputs: readonly Tensor[];
  /** "inputs"; the values by parameter name; or "own", the values that the modules they belong to hold. */
  readonly parameters: "inputs" | "own" | ReadonlyMap<string, HostTensor<"float32">>;
  readonly dialect: Dialect;
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * Emits and checks the model.
 *
 * @throws ERR_INPUT_NAME where an output is called as an input or a parameter is, ERR_SHAPE for a named size that no
 *   input has, ERR_PARAMETER_MISSING.
 * @example
 * const x = input("x", "float32", ["b", 2]);
 * const model = emitModel({ name: "double", inputs: [x], outputs: { y: add(x, x) }, parameters: "inputs", dialect: "onnx" });
 */
export function emitModel(options: EmitOptions): Model {
  const order = topologicalOrder(Object.values(options.outputs));
  const emitter = new Emitter(options.dialect, givenNames(order, options));
  const names = new Map<Tensor, string>();
  const values: Value[] = [];
  const parameterInputs = new Map<string, Value>();
  const initializers = new Map<string, Initializer>();
  for (const x of options.inputs) {
    names.set(x, inputName(x));
    emitter.declareInput(inputName(x), x.shape);
  }
  const inputNames = new Set(options.inputs.map(inputName));
  for (const x of order) {
    const { source } = x;
    switch (source.kind) {
      case "input":
        if (!names.has(x))
          throw internal(`graph ${options.name}: input "${source.name}" is used but not declared`);
        break;
      case "constant":
        names.set(x, emitter.constant(source.value));
        break;
      case "parameter": {
        const name = unused(source.name, [inputNames, parameterInputs, initializers]);
        names.set(x, name);
        if (options.parameters === "inputs") parameterInputs.set(name, toValue(name, x));
        else initializers.set(name, { name, tensor: parameterValue(source, options.parameters) });
        break;
      }
      case "call": {
        if (names.has(x)) break;
        const operands = source.call.inputs.map((dependency) => nameOf(dependency, names));
        source.call.emit(emitter, operands).forEach((name, i) => {
          const output = source.call.outputs[i];
          names.set(output, name);
          values.push(toValue(name, output));
        });
      }
    }
  }
  const outputs = Object.entries(options.outputs).map(([name, x]) => {
    if (inputNames.has(name)) throw sharedName(name, "output", "input");
    if (parameterInputs.has(name) || initializers.has(name)) throw sharedName(name, "output", "parameter");
    emitter.nodes.push(identity(nameOf(x, names), name));
    return toValue(name, x);
  });
  const nodes = renameOutputs(emitter.nodes, new Set(outputs.map((value) => value.name)));
  const usesMicrosoft = nodes.some((node) => node.domain === MICROSOFT_DOMAIN);
  const defined = new Set(nodes.flatMap((node) => node.outputs));
  const model: Model = {
    graph: {
      name: options.name,
      inputs: [...options.inputs.map((x) => toValue(inputName(x), x)), ...parameterInputs.values()],
      outputs,
      initializers: [...initializers.values(), ...emitter.initializers],
      nodes,
      values: values.filter(({ name }) => defined.has(name)),
    },
    opsets: { "": STANDARD_OPSET, ...(usesMicrosoft ? { [MICROSOFT_DOMAIN]: 1 } : {}) },
    producer: "attune",
    metadata: options.metadata ?? {},
  };
  checkModel(model);
  return model;
}

/** The error of a name that stands for two things: `what` is to have another. */
export function sharedName(
  name: string,
  what: "input" | "output",
  other: "input" | "parameter",
): AttuneError {
  return new AttuneError("ERR_INPUT_NAME", {
    rule: "the inputs, outputs and parameters of a graph must have a name each",
    found: `"${name}" is an ${what} and ${other === "input" ? "an input" : "a parameter"}`,
    next: `call the ${what} otherwise`,
  });
}

/** The names that the caller has chosen: what the graph makes on the way must be called otherwise. */
function givenNames(order: readonly Tensor[], { inputs, outputs }: EmitOptions): ReadonlySet<string> {
  const parameters = order.flatMap(({ source }) => (source.kind === "parameter" ? [source.name] : []));
  return new Set([...inputs.map(inputName), ...Object.keys(outputs), ...parameters]);
}

/** Tensors reachable from `roots`, each after everything it depends on. Iterative: graphs are deep. */
export function topologicalOrder(roots: readonly Tensor[]): readonly Tensor[] {
  const order: Tensor[] = [];
  const seen = new Set<Tensor>();
  const stack: { readonly tensor: Tensor; expanded: boolean }[] = [];
  for (const root of roots) {
    stack.push({ tensor: root, expanded: false });
    while (stack.length > 0) {
      const top = stack[stack.length - 1];
      if (top.expanded || seen.has(top.tensor)) {
        stack.pop();
        if (!seen.has(top.tensor)) {
          seen.add(top.tensor);
          order.push(top.tensor);
        }
        continue;
      }
      top.expanded = true;
      const { source } = top.tensor;
      if (source.kind !== "call") continue;
      for (let i = source.call.inputs.length - 1; i >= 0; i--) {
        if (!seen.has(source.call.inputs[i])) stack.push({ tensor: source.call.inputs[i], expanded: false });
      }
    }
  }
  return order;
}

/** The name that `input()` gave a tensor. */
export function inputName(x: Tensor): string {
  if (x.source.kind !== "input")
    throw internal(`${x.toString()} is declared as a graph input but is a ${x.source.kind}`);
  return x.source.name;
}

function nameOf(x: Tensor, names: ReadonlyMap<Tensor, string>): string {
  const name = names.get(x);
  if (name === undefined) throw internal(`${x.toString()} has no name yet`);
  return name;
}

function toValue(name: string, x: Tensor): Value {
  return { name, dtype: x.dtype, shape: x.shape };
}

function parameterValue(
  { name, value }: Extract<Source, { kind: "parameter" }>,
  values: "own" | ReadonlyMap<string, HostTensor<"float32">>,
): HostTensor {
  const found = values === "own" ? value?.() : values.get(name);
  if (found !== undefined) return found;
  throw new AttuneError("ERR_PARAMETER_MISSING", {
    rule: "every parameter of the graph must have a value",
    found: `none for "${name}"`,
    next:
      values === "own"
        ? "make it with a module (new Linear(...)), or pass the values"
        : "load the checkpoint that belongs to this configuration",
  });
}

/** `name`, or with a number behind it where an input or another module's parameter is called so already. */
function unused(name: string, taken: readonly { readonly has: (name: string) => boolean }[]): string {
  let [candidate, count] = [name, 1];
  while (taken.some((names) => names.has(candidate))) candidate = `${name}~${++count}`;
  return candidate;
}

function identity(from: string, to: string): Node {
  return {
    opType: "Identity",
    domain: "",
    name: `output_${to}`,
    inputs: [from],
    outputs: [to],
    attributes: {},
  };
}

/**
 * Gives the output names to the nodes that make them, so that no copy stands at the end of the graph.
 * An Identity stays where a value is an input, a parameter, or leaves the graph under two names.
 */
function renameOutputs(nodes: readonly Node[], outputNames: ReadonlySet<string>): readonly Node[] {
  const made = new Set(nodes.filter((node) => node.opType !== "Identity").flatMap((node) => node.outputs));
  const renamed = new Map<string, string>();
  const kept = nodes.filter((node) => {
    const [from] = node.inputs;
    const [to] = node.outputs;
    const foldable =
      node.opType === "Identity" && outputNames.has(to) && made.has(from) && !renamed.has(from);
    if (foldable) renamed.set(from, to);
    return !foldable;
  });
  const rename = (name: string) => renamed.get(name) ?? name;
  return kept.map((node) => ({
    ...node,
    inputs: node.inputs.map(rename),
    outputs: node.outputs.map(rename),
  }));
}
