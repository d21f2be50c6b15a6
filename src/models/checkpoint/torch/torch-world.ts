/**
 * The few names that a pickle of tensors needs, done as data.
 *
 * Source: PyTorch's torch/_utils.py (`_rebuild_tensor_v2`, `_rebuild_parameter`) and torch/serialization.py
 * (`persistent_id` of both formats).
 *
 * Knows tensors, parameters, ordered dicts, storages and dtypes. Does not know quantized, sparse or complex tensors,
 * tensor subclasses, or whole modules: their names are refused, as all others are.
 */
import { isSafetensorsDtype, type SafetensorsDtype } from "../safetensors-dtype.ts";
import { countElements } from "../safetensors-header.ts";
import { malformedTorch, notWeights } from "./pickle-errors.ts";
import {
  isKind,
  kindOf,
  type PickleDict,
  type PickleValue,
  type StorageRef,
  type TensorView,
} from "./pickle-values.ts";
import { fill, type World } from "./unpickler.ts";

const storageDtypes = {
  FloatStorage: "F32",
  DoubleStorage: "F64",
  HalfStorage: "F16",
  BFloat16Storage: "BF16",
  LongStorage: "I64",
  IntStorage: "I32",
  ShortStorage: "I16",
  CharStorage: "I8",
  ByteStorage: "U8",
  BoolStorage: "BOOL",
} as const;

/** Constants that models keep beside their tensors, such as the type that a buffer is cast to. */
const dtypeNames =
  /^(float(16|32|64)?|half|double|bfloat16|u?int8|u?int16|u?int32|u?int64|short|int|long|bool|float8_e4m3fn|float8_e5m2|complex(32|64|128))$/;

/** PyTorch's own limit. */
const MAX_DIMENSIONS = 64;

const REBUILD_TENSOR = "torch._utils._rebuild_tensor_v2";
const REBUILD_PARAMETER = "torch._utils._rebuild_parameter";
const ORDERED_DICT = "collections.OrderedDict";
const functions = new Map([
  [REBUILD_TENSOR, ["torch._utils", "_rebuild_tensor_v2"]],
  [REBUILD_PARAMETER, ["torch._utils", "_rebuild_parameter"]],
  [ORDERED_DICT, ["collections", "OrderedDict"]],
]);

/** What a pickle in the file `path` may refer to. */
export function torchWorld(path: string): World {
  const malformed = (found: string) => malformedTorch(found, path);
  return {
    find(module, name) {
      const known = [...functions].find(([, [where, what]]) => where === module && what === name);
      if (known !== undefined) return { kind: "global", name: known[0] };
      if (module === "torch") {
        const dtype = storageDtype(name);
        if (dtype !== undefined) return { kind: "storage type", name: `torch.${name}`, dtype };
        if (dtypeNames.test(name)) return { kind: "global", name: `torch.${name}` };
      }
      throw notWeights(`its pickle asks for the global "${module}.${name}"`, path);
    },

    call(callable, args, charge) {
      const name = isKind(callable, "global") ? callable.name : "";
      if (name === REBUILD_TENSOR) return rebuildTensor(args, malformed);
      if (name === REBUILD_PARAMETER) return rebuildParameter(args, malformed);
      if (name === ORDERED_DICT) return orderedDict(args, malformed, charge);
      throw notWeights(`its pickle calls a ${kindOf(callable)} (REDUCE)`, path);
    },

    load(id) {
      const [kind, type, key, location, elements, view = null] = isKind(id, "tuple") ? id.items : [];
      if (kind !== "storage" || typeof key !== "string" || typeof location !== "string")
        throw notWeights(
          `its pickle has a persistent id that is no storage (BINPERSID of a ${describeId(id)})`,
          path,
        );
      if (!isKind(type, "storage type")) throw malformed(`storage ${key} has no type`);
      if (view !== null) throw malformed(`storage ${key} is a view of another, as before PyTorch 0.4`);
      return {
        kind: "storage",
        dtype: type.dtype,
        key,
        elements: toCount(elements, `the length of storage ${key}`, malformed),
      };
    },

    build(target, state) {
      // A module's state_dict carries the versions of its parts as the attribute `_metadata`.
      const attributes = isKind(state, "dict") ? [...state.entries.keys()] : [];
      const metadata = attributes.length === 1 && attributes[0] === "_metadata";
      if (metadata && isKind(target, "dict") && target.ordered) return;
      const names = attributes.slice(0, 4).map((name) => (typeof name === "string" ? name : kindOf(name)));
      const what = names.length === 0 ? `a ${kindOf(state)}` : names.join(", ");
      throw notWeights(`its pickle gives a ${kindOf(target)} the state ${what} (BUILD)`, path);
    },
  };
}

type Malformed = (found: string) => Error;

function storageDtype(name: string): SafetensorsDtype | undefined {
  const dtype = Object.entries(storageDtypes).find(([storage]) => storage === name)?.[1];
  return isSafetensorsDtype(dtype) ? dtype : undefined;
}

/** (storage, offset, shape, stride, requires_grad, backward_hooks[, metadata]) */
function rebuildTensor(args: readonly PickleValue[], malformed: Malformed): TensorView {
  const [storage, offset, shape, stride] = args;
  if (!isKind(storage, "storage")) throw malformed("a tensor has no storage");
  const what = `of a tensor in storage ${storage.key}`;
  const view = {
    kind: "tensor" as const,
    storage,
    offset: toCount(offset, `the offset ${what}`, malformed),
    shape: toCounts(shape, `the shape ${what}`, malformed),
    stride: toCounts(stride, `the stride ${what}`, malformed),
  };
  checkInside(view, storage, malformed);
  return view;
}

/** (tensor, requires_grad, backward_hooks) */
function rebuildParameter([tensor]: readonly PickleValue[], malformed: Malformed): TensorView {
  if (isKind(tensor, "tensor")) return tensor;
  throw malformed("a parameter has no tensor");
}

/** Nothing, or a list of pairs, as Python 2 wrote it. */
function orderedDict(
  args: readonly PickleValue[],
  malformed: Malformed,
  charge: (values: number) => void,
): PickleDict {
  const dict: PickleDict = { kind: "dict", ordered: true, entries: new Map() };
  const [pairs = { kind: "list" as const, items: [] }, ...others] = args;
  if (!isKind(pairs, "list") || others.length > 0)
    throw malformed("an OrderedDict is made of something other than pairs");
  charge(pairs.items.length); // one list may be copied by any number of calls
  for (const pair of pairs.items) {
    if ((!isKind(pair, "list") && !isKind(pair, "tuple")) || pair.items.length !== 2)
      throw malformed("an OrderedDict is made of something other than pairs");
    fill(dict, pair.items, malformed);
  }
  return dict;
}

/** Every element must lie in the storage. */
function checkInside(view: TensorView, storage: StorageRef, malformed: Malformed): void {
  const { offset, shape, stride } = view;
  if (shape.length !== stride.length)
    throw malformed(
      `a tensor in storage ${storage.key} has ${shape.length} sizes and ${stride.length} strides`,
    );
  if (!Number.isSafeInteger(countElements(shape)))
    throw malformed(
      `a tensor in storage ${storage.key} has more elements than can be counted: ${shape.join(" x ")}`,
    );
  const last = shape.includes(0) ? -1 : shape.reduce((sum, size, i) => sum + (size - 1) * stride[i], offset);
  if (last >= storage.elements)
    throw malformed(
      `a tensor of shape [${shape.join(", ")}] reaches to element ${last} of storage ${storage.key}, which has ${storage.elements}`,
    );
}

function toCounts(value: PickleValue | undefined, what: string, malformed: Malformed): number[] {
  if (!isKind(value, "tuple") && !isKind(value, "list")) throw malformed(`${what} is not a tuple`);
  if (value.items.length > MAX_DIMENSIONS)
    throw malformed(`${what} has ${value.items.length} numbers, more than ${MAX_DIMENSIONS}`);
  return value.items.map((item) => toCount(item, what, malformed));
}

function toCount(value: PickleValue | undefined, what: string, malformed: Malformed): number {
  const count = typeof value === "bigint" ? Number(value) : value;
  if (typeof count === "number" && Number.isSafeInteger(count) && count >= 0) return count;
  throw malformed(
    `${what} is ${value === undefined ? "absent" : kindOf(value)}, not a whole number from 0 on`,
  );
}

function describeId(id: PickleValue): string {
  if (!isKind(id, "tuple")) return kindOf(id);
  const [first] = id.items;
  return typeof first === "string" ? `tuple that begins with "${first}"` : "tuple";
}
