import type { Message } from "@bufbuild/protobuf";
import { create, toBinary } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DType, HostArrays, HostTensor } from "../base/dtype.ts";
import { errorCode } from "../base/errors.ts";
import { elementCount } from "../base/shape.ts";
import { decodeModel, dtypeCode, encodeModel } from "./codec.ts";
import type { Attribute, Model, Node, Value } from "./ir.ts";
import { GraphProtoSchema, ModelProtoSchema, TensorProtoSchema } from "./onnx_pb.ts";

type Numbers<T> = (values: readonly number[]) => T;
const arrays: { readonly [D in DType]: Numbers<HostArrays[D]> } = {
  float32: (values) => Float32Array.from(values),
  float64: (values) => Float64Array.from(values, (value) => value / 3),
  float16: (values) => Uint16Array.from(values),
  int32: (values) => Int32Array.from(values),
  int64: (values) => BigInt64Array.from(values, (value) => BigInt(value) << 33n),
  uint8: (values) => Uint8Array.from(values),
  int8: (values) => Int8Array.from(values),
  bool: (values) => Uint8Array.from(values, (value) => value & 1),
};
const dtypes = Object.keys(arrays) as DType[];

const name = fc.string({ unit: "grapheme", minLength: 1, maxLength: 8 });
const dtype = fc.constantFrom(...dtypes);
const tensor: fc.Arbitrary<HostTensor> = fc
  .tuple(dtype, fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 }))
  .chain(([type, shape]) => {
    const length = elementCount(shape);
    const values = fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: length, maxLength: length });
    return values.map((numbers) => ({ dtype: type, shape, data: arrays[type](numbers) }));
  });
const attribute: fc.Arbitrary<Attribute> = fc.oneof(
  fc.record({ int: fc.maxSafeInteger() }),
  fc.record({ float: fc.float() }),
  fc.record({ string: fc.string({ unit: "grapheme" }) }),
  fc.record({ ints: fc.array(fc.maxSafeInteger()) }),
  fc.record({ floats: fc.array(fc.float()) }),
  fc.record({ tensor }),
);
const value: fc.Arbitrary<Value> = fc.record({
  name,
  dtype,
  shape: fc.option(fc.array(fc.oneof(fc.nat(99), name), { maxLength: 3 }), { nil: undefined }),
});
const node: fc.Arbitrary<Node> = fc.record({
  opType: name,
  domain: fc.constantFrom("", "com.microsoft"),
  name,
  inputs: fc.array(fc.oneof(name, fc.constant("")), { maxLength: 3 }),
  outputs: fc.array(name, { maxLength: 2 }),
  attributes: fc.dictionary(name, attribute, { maxKeys: 4, noNullPrototype: true }),
});
const model: fc.Arbitrary<Model> = fc.record({
  graph: fc.record({
    name,
    inputs: fc.array(value, { maxLength: 2 }),
    outputs: fc.array(value, { maxLength: 2 }),
    initializers: fc.array(fc.record({ name, tensor }), { maxLength: 3 }),
    nodes: fc.array(node, { maxLength: 4 }),
    values: fc.array(value, { maxLength: 2 }),
  }),
  opsets: fc.dictionary(fc.constantFrom("", "com.microsoft"), fc.nat(30), { noNullPrototype: true }),
  producer: name,
  metadata: fc.dictionary(name, fc.string({ unit: "grapheme" }), { maxKeys: 2, noNullPrototype: true }),
});

const empty: Model = {
  graph: { name: "g", inputs: [], outputs: [], initializers: [], nodes: [], values: [] },
  opsets: { "": 20 },
  producer: "test",
  metadata: {},
};

describe("a model written and read again", () => {
  it("is the same", () => {
    fc.assert(
      fc.property(model, (original) => {
        expect(decodeModel(encodeModel(original))).toEqual(original);
      }),
    );
  });

  it.each(dtypes)("keeps the bits of %s, also from a view into a larger array", (type) => {
    const data = arrays[type]([9, 0, 1, 1, 0, 1, 9]).subarray(1, 6);
    const initializers = [{ name: "w", tensor: { dtype: type, shape: [5, 1], data } as HostTensor }];
    const read = decodeModel(encodeModel({ ...empty, graph: { ...empty.graph, initializers } }));
    expect(read.graph.initializers).toEqual([{ name: "w", tensor: { dtype: type, shape: [5, 1], data } }]);
  });

  it("reads files that Node gives as a part of a larger buffer", () => {
    const three = { dtype: "float32" as const, shape: [3], data: Float32Array.of(1, 2, 3) };
    const graph = { ...empty.graph, initializers: [{ name: "w", tensor: three }] };
    const file = encodeModel({ ...empty, graph });
    const pool = Buffer.alloc(file.length + 9);
    pool.set(file, 5);
    expect(decodeModel(pool.subarray(5, 5 + file.length)).graph.initializers).toEqual([
      { name: "w", tensor: three },
    ]);
  });

  it("has the specification's numbers for element types", () => {
    const numbers = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7, bool: 9, float16: 10, float64: 11 };
    expect(Object.fromEntries(dtypes.map((type) => [type, dtypeCode(type)]))).toEqual(numbers);
  });

  it("is refused above protobuf's 2 GiB", () => {
    const data = new Float32Array(1);
    Object.defineProperty(data, "byteLength", { value: 2 ** 31 });
    const initializers = [{ name: "w", tensor: { dtype: "float32" as const, shape: [1], data } }];
    expect(() => encodeModel({ ...empty, graph: { ...empty.graph, initializers } })).toThrow(
      "ERR_MODEL_TOO_LARGE: an ONNX file holds at most 2 GiB; 2.00 GiB of weights; use a smaller preset",
    );
  });
});

type GraphInit = NonNullable<Parameters<typeof create<typeof ModelProtoSchema>>[1]>["graph"];

/** The bytes of a model that some other program wrote. */
function foreign(graph: GraphInit): Uint8Array {
  return toBinary(ModelProtoSchema, create(ModelProtoSchema, { graph }));
}

describe("models of other writers", () => {
  const fields = { floatData: [1, 2], doubleData: [3, 4], int32Data: [5, 6], int64Data: [7n, 8n] };
  it.each<[DType, HostTensor["data"]]>([
    ["float32", Float32Array.of(1, 2)],
    ["float64", Float64Array.of(3, 4)],
    ["float16", Uint16Array.of(5, 6)],
    ["int32", Int32Array.of(5, 6)],
    ["int64", BigInt64Array.of(7n, 8n)],
    ["uint8", Uint8Array.of(5, 6)],
    ["int8", Int8Array.of(5, 6)],
    ["bool", Uint8Array.of(5, 6)],
  ])("may hold %s in a typed field", (type, data) => {
    const initializer = [{ name: "w", dataType: dtypeCode(type), dims: [2n], ...fields }];
    const { initializers } = decodeModel(foreign({ initializer })).graph;
    expect(initializers).toEqual([{ name: "w", tensor: { dtype: type, shape: [2], data } }]);
  });

  it("may leave dimensions without a name: each gets one of its own", () => {
    const type = {
      value: { case: "tensorType" as const, value: { elemType: 1, shape: { dim: [{}, {}] } } },
    };
    const { inputs } = decodeModel(foreign({ input: [{ name: "x", type }] })).graph;
    expect(inputs).toEqual([{ name: "x", dtype: "float32", shape: ["x.0", "x.1"] }]);
  });
});

describe("what is refused", () => {
  const w = { name: "w", dataType: 1, dims: [2n] };
  const attributeOf = (type: number) => ({ node: [{ opType: "If", attribute: [{ name: "a", type }] }] });
  /** The message with a field that our .proto does not know. */
  const having = <M extends Message>(message: M, no: number): M =>
    Object.assign(message, {
      $unknown: [{ no, wireType: WireType.LengthDelimited, data: Uint8Array.of(0) }],
    });

  it.each<[string, GraphInit, string]>([
    ["a value that is no tensor", { input: [{ name: "x" }] }, '"x" is not a tensor'],
    [
      "an element type of strings",
      { initializer: [{ ...w, dataType: 8 }] },
      "element type 8 is not supported",
    ],
    [
      "a tensor with too few values",
      { initializer: [{ ...w, floatData: [1] }] },
      'tensor "w" of shape [2] holds 1 values',
    ],
    [
      "raw bytes that end inside a value",
      { initializer: [{ ...w, rawData: new Uint8Array(7) }] },
      'tensor "w" of shape [2] holds 1.75 values',
    ],
    [
      "weights in another file",
      { initializer: [having(create(TensorProtoSchema, w), 13)] },
      'it has external data (tensor "w"), which attune does not read',
    ],
    [
      "sparse weights",
      having(create(GraphProtoSchema), 15),
      "it has sparse initializers, which attune does not read",
    ],
    [
      "an attribute that is a graph",
      attributeOf(5),
      'If has attribute "a" of kind 5, which attune does not read',
    ],
    ["a tensor attribute without its tensor", attributeOf(4), 'If has attribute "a" without its tensor'],
  ])("%s", (_, graph, found) => {
    const read = () => decodeModel(foreign(graph), "m.onnx");
    expect(read).toThrow("ERR_ONNX_UNREADABLE: m.onnx must be an ONNX model");
    expect(read).toThrow(found);
  });

  it("functions, and a file without a graph", () => {
    expect(() => decodeModel(new Uint8Array(0))).toThrow("it has no graph");
    const withFunctions = having(create(ModelProtoSchema, { graph: {} }), 25);
    expect(() => decodeModel(toBinary(ModelProtoSchema, withFunctions))).toThrow("it has functions");
  });

  it("broken and truncated bytes, with our error and no other", () => {
    fc.assert(
      fc.property(
        model,
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        fc.boolean(),
        (original, at, flip, cut) => {
          const bytes = encodeModel(original);
          const place = at % bytes.length;
          if (!cut) bytes[place] ^= flip;
          expect(outcome(() => decodeModel(cut ? bytes.subarray(0, place) : bytes))).toMatch(
            /^(fine|ERR_ONNX_UNREADABLE)$/,
          );
        },
      ),
      { numRuns: 500 },
    );
  });
});

function outcome(run: () => unknown): unknown {
  try {
    run();
    return "fine";
  } catch (error) {
    return errorCode(error) ?? error;
  }
}
