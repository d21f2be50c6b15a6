/**
 * ONNX models to and from protobuf bytes.
 *
 * Source: onnx.proto beside this file. Weights go out as `raw_data`; typed data fields of other writers are
 * read. Does not read external data, graph attributes, sparse tensors or functions: it refuses them by name.
 */
import type { Message } from "@bufbuild/protobuf";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import type { DType, HostArray, HostTensor } from "../base/dtype.ts";
import { bytesPerElement } from "../base/dtype.ts";
import { AttuneError } from "../base/errors.ts";
import type { Dim } from "../base/shape.ts";
import { elementCount } from "../base/shape.ts";
import type { Attribute, Attributes, Graph, Model, Node, Value } from "./ir.ts";
import type { AttributeProto, GraphProto, NodeProto, TensorProto, ValueInfoProto } from "./onnx_pb.ts";
import {
  AttributeProtoSchema,
  ModelProtoSchema,
  TensorProtoSchema,
  ValueInfoProtoSchema,
} from "./onnx_pb.ts";

const IR_VERSION = 10n;

/** AttributeProto.AttributeType numbers of the specification. */
const Kind = { FLOAT: 1, INT: 2, STRING: 3, TENSOR: 4, FLOATS: 6, INTS: 7 } as const;

/** TensorProto.DataType numbers of the specification. */
const dtypeCodes: Readonly<Record<DType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
};

/** The ONNX code of an element type, for attributes such as Cast's `to`. */
export function dtypeCode(dtype: DType): number {
  return dtypeCodes[dtype];
}

/** Serialises a model. A model over 2 GiB does not fit in protobuf and is refused. */
export function encodeModel(model: Model): Uint8Array {
  const { graph } = model;
  const weightBytes = graph.initializers.reduce((sum, { tensor }) => sum + tensor.data.byteLength, 0);
  if (weightBytes > 2 ** 31 - 2 ** 20) {
    throw new AttuneError("ERR_MODEL_TOO_LARGE", {
      rule: "an ONNX file holds at most 2 GiB",
      found: `${(weightBytes / 2 ** 30).toFixed(2)} GiB of weights`,
      next: "use a smaller preset",
    });
  }
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: IR_VERSION,
      producerName: model.producer,
      opsetImport: Object.entries(model.opsets).map(([domain, version]) => ({
        domain,
        version: BigInt(version),
      })),
      metadataProps: Object.entries(model.metadata).map(([key, value]) => ({ key, value })),
      graph: {
        name: graph.name,
        node: graph.nodes.map((node) => ({
          opType: node.opType,
          domain: node.domain,
          name: node.name,
          input: [...node.inputs],
          output: [...node.outputs],
          attribute: Object.entries(node.attributes).map(([name, value]) => encodeAttribute(name, value)),
        })),
        initializer: graph.initializers.map(({ name, tensor }) => encodeTensor(name, tensor)),
        input: graph.inputs.map(encodeValue),
        output: graph.outputs.map(encodeValue),
        valueInfo: graph.values.map(encodeValue),
      },
    }),
  );
}

/** Reads a model. `source` names the file in errors. */
export function decodeModel(bytes: Uint8Array, source = "model"): Model {
  const proto = parse(bytes, source);
  if (proto.graph === undefined) throw unreadable(source, "it has no graph");
  refuseField(proto, 25, "functions", source);
  return {
    graph: decodeGraph(proto.graph, source),
    opsets: Object.fromEntries(proto.opsetImport.map(({ domain, version }) => [domain, Number(version)])),
    producer: proto.producerName,
    metadata: Object.fromEntries(proto.metadataProps.map(({ key, value }) => [key, value])),
  };
}

function parse(bytes: Uint8Array, source: string) {
  try {
    return fromBinary(ModelProtoSchema, bytes);
  } catch (cause) {
    throw unreadable(source, "the protobuf bytes are broken or cut short", cause);
  }
}

function unreadable(source: string, found: string, cause?: unknown): AttuneError {
  return new AttuneError("ERR_ONNX_UNREADABLE", {
    rule: `${source} must be an ONNX model`,
    found,
    next: "export it again or fetch the whole file",
    cause,
  });
}

/** Fields that our .proto leaves out arrive as unknown ones; those without which a model means something else are refused. */
function refuseField(message: Message, field: number, what: string, source: string): void {
  if (message.$unknown?.some(({ no }) => no === field)) {
    throw unreadable(source, `it has ${what}, which attune does not read`);
  }
}

function decodeGraph(graph: GraphProto, source: string): Graph {
  refuseField(graph, 15, "sparse initializers", source);
  return {
    name: graph.name,
    inputs: graph.input.map((value) => decodeValue(value, source)),
    outputs: graph.output.map((value) => decodeValue(value, source)),
    values: graph.valueInfo.map((value) => decodeValue(value, source)),
    initializers: graph.initializer.map((tensor) => ({
      name: tensor.name,
      tensor: decodeTensor(tensor, source),
    })),
    nodes: graph.node.map((node) => decodeNode(node, source)),
  };
}

function encodeValue(value: Value): ValueInfoProto {
  const dim = (d: Dim) =>
    typeof d === "number"
      ? { value: { case: "dimValue" as const, value: BigInt(d) } }
      : { value: { case: "dimParam" as const, value: d } };
  return create(ValueInfoProtoSchema, {
    name: value.name,
    type: {
      value: {
        case: "tensorType",
        value: {
          elemType: dtypeCode(value.dtype),
          ...(value.shape === undefined ? {} : { shape: { dim: value.shape.map(dim) } }),
        },
      },
    },
  });
}

function decodeValue(value: ValueInfoProto, source: string): Value {
  const type = value.type?.value;
  if (type?.case !== "tensorType") throw unreadable(source, `"${value.name}" is not a tensor`);
  const shape = type.value.shape?.dim.map((d, i): Dim => {
    if (d.value.case === "dimValue") return Number(d.value.value);
    return d.value.value || `${value.name}.${i}`;
  });
  return { name: value.name, dtype: decodeDType(type.value.elemType, source), shape };
}

function decodeDType(code: number, source: string): DType {
  for (const [dtype, value] of Object.entries(dtypeCodes)) {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of dtypeCodes are DTypes
    if (value === code) return dtype as DType;
  }
  throw unreadable(source, `element type ${code} is not supported`);
}

function encodeTensor(name: string, tensor: HostTensor): TensorProto {
  const { data } = tensor;
  return create(TensorProtoSchema, {
    name,
    dataType: dtypeCode(tensor.dtype),
    dims: tensor.shape.map(BigInt),
    rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  });
}

function decodeTensor(tensor: TensorProto, source: string): HostTensor {
  refuseField(tensor, 13, `external data (tensor "${tensor.name}")`, source);
  const dtype = decodeDType(tensor.dataType, source);
  const shape = tensor.dims.map(Number);
  const { rawData } = tensor;
  const fields = rawData.length > 0 ? undefined : fromFields(dtype, tensor);
  const count = fields?.length ?? rawData.length / bytesPerElement[dtype];
  if (count !== elementCount(shape)) {
    throw unreadable(source, `tensor "${tensor.name}" of shape [${shape}] holds ${count} values`);
  }
  return { dtype, shape, data: fields ?? fromRaw(dtype, rawData) };
}

/** raw_data has no alignment inside the file, so it is copied to a buffer of its own (a Buffer's slice is a view). */
function fromRaw(dtype: DType, raw: Uint8Array): HostArray {
  const { buffer } = new Uint8Array(raw);
  switch (dtype) {
    case "float32":
      return new Float32Array(buffer);
    case "float64":
      return new Float64Array(buffer);
    case "float16":
      return new Uint16Array(buffer);
    case "int32":
      return new Int32Array(buffer);
    case "int64":
      return new BigInt64Array(buffer);
    case "int8":
      return new Int8Array(buffer);
    case "uint8":
    case "bool":
      return new Uint8Array(buffer);
  }
}

function fromFields(dtype: DType, tensor: TensorProto): HostArray {
  switch (dtype) {
    case "float32":
      return Float32Array.from(tensor.floatData);
    case "float64":
      return Float64Array.from(tensor.doubleData);
    case "int64":
      return BigInt64Array.from(tensor.int64Data);
    case "int32":
      return Int32Array.from(tensor.int32Data);
    case "float16":
      return Uint16Array.from(tensor.int32Data);
    case "int8":
      return Int8Array.from(tensor.int32Data);
    case "uint8":
    case "bool":
      return Uint8Array.from(tensor.int32Data);
  }
}

function encodeAttribute(name: string, value: Attribute): AttributeProto {
  if ("int" in value) return create(AttributeProtoSchema, { name, type: Kind.INT, i: BigInt(value.int) });
  if ("float" in value) return create(AttributeProtoSchema, { name, type: Kind.FLOAT, f: value.float });
  if ("ints" in value)
    return create(AttributeProtoSchema, { name, type: Kind.INTS, ints: value.ints.map(BigInt) });
  if ("floats" in value)
    return create(AttributeProtoSchema, { name, type: Kind.FLOATS, floats: [...value.floats] });
  if ("string" in value) {
    return create(AttributeProtoSchema, {
      name,
      type: Kind.STRING,
      s: new TextEncoder().encode(value.string),
    });
  }
  return create(AttributeProtoSchema, { name, type: Kind.TENSOR, t: encodeTensor("", value.tensor) });
}

function decodeNode(node: NodeProto, source: string): Node {
  const attributes: Attributes = Object.fromEntries(
    node.attribute.map((attribute) => [attribute.name, decodeAttribute(attribute, node.opType, source)]),
  );
  const { opType, domain, name } = node;
  return { opType, domain, name, inputs: node.input, outputs: node.output, attributes };
}

function decodeAttribute(attribute: AttributeProto, opType: string, source: string): Attribute {
  switch (attribute.type) {
    case Kind.INT:
      return { int: Number(attribute.i) };
    case Kind.FLOAT:
      return { float: attribute.f };
    case Kind.STRING:
      return { string: new TextDecoder().decode(attribute.s) };
    case Kind.INTS:
      return { ints: attribute.ints.map(Number) };
    case Kind.FLOATS:
      return { floats: attribute.floats };
    case Kind.TENSOR:
      if (attribute.t === undefined)
        throw unreadable(source, `${opType} has attribute "${attribute.name}" without its tensor`);
      return { tensor: decodeTensor(attribute.t, source) };
    default:
      throw unreadable(
        source,
        `${opType} has attribute "${attribute.name}" of kind ${attribute.type}, which attune does not read`,
      );
  }
}
