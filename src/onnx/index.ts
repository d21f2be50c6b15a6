/** ONNX graphs: build, check, print, read and write. */
export { checkModel } from "./check.ts";
export { decodeModel, dtypeCode, encodeModel } from "./codec.ts";
export type { ConstantDescription, GraphDescription, NodeDescription, ValueDescription } from "./describe.ts";
export { describeGraph } from "./describe.ts";
export type { Attribute, Attributes, Graph, Initializer, Model, Node, Value } from "./ir.ts";
export { MICROSOFT_DOMAIN, STANDARD_OPSET } from "./ir.ts";
export { printGraph } from "./print.ts";
export { graphLayers } from "./sections.ts";
