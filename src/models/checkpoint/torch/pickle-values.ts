/** What a pickle of weights can hold, as plain data. Nothing here has behaviour. */
import type { SafetensorsDtype } from "../safetensors-dtype.ts";

export type PickleValue = null | boolean | number | bigint | string | Uint8Array | PickleObject;

/** All that is more than a constant; `kind` tells which. */
export type PickleObject =
  | PickleSequence<"list">
  | PickleSequence<"tuple">
  | PickleSequence<"set">
  | PickleDict
  | PickleGlobal
  | StorageType
  | StorageRef
  | TensorView;

/** What differs between the three is who may add to them. */
export interface PickleSequence<K extends "list" | "tuple" | "set"> {
  readonly kind: K;
  readonly items: PickleValue[];
}

/** A dict or an OrderedDict. */
export interface PickleDict {
  readonly kind: "dict";
  /** An OrderedDict may have attributes, a dict none. */
  readonly ordered: boolean;
  readonly entries: Map<PickleValue, PickleValue>;
}

/** One of the names that a pickle may ask for: a function that is done here, or a constant. */
export interface PickleGlobal {
  readonly kind: "global";
  /** "torch._utils._rebuild_tensor_v2" */
  readonly name: string;
}

/** torch.FloatStorage and the like. */
export interface StorageType {
  readonly kind: "storage type";
  readonly name: string;
  readonly dtype: SafetensorsDtype;
}

/** Flat memory that tensors view; its bytes lie elsewhere in the file. */
export interface StorageRef {
  readonly kind: "storage";
  readonly dtype: SafetensorsDtype;
  /** Its name in the file. */
  readonly key: string;
  readonly elements: number;
}

/** A window into a storage: element (i, j, ...) is at offset + i * stride[0] + j * stride[1] + ... */
export interface TensorView {
  readonly kind: "tensor";
  readonly storage: StorageRef;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly stride: readonly number[];
}

/** True where a value is an object of this kind. */
export function isKind<K extends PickleObject["kind"]>(
  value: PickleValue | undefined,
  kind: K,
): value is Extract<PickleObject, { readonly kind: K }> {
  return isObject(value) && value.kind === kind;
}

export function isObject(value: PickleValue | undefined): value is PickleObject {
  return typeof value === "object" && value !== null && !(value instanceof Uint8Array);
}

/** What a value is, for messages. */
export function kindOf(value: PickleValue): string {
  if (value === null) return "None";
  if (value instanceof Uint8Array) return "bytes";
  if (typeof value !== "object") return typeof value;
  return value.kind === "global" ? value.name : value.kind;
}
