/**
 * The tensors by name in what a PyTorch file holds.
 *
 * Most hold a module's `state_dict`; training scripts put it beside other things, under the names below.
 */
import type { IgnoredEntry } from "../stored-weights.ts";
import { malformedTorch } from "./pickle-errors.ts";
import { isKind, kindOf, type PickleDict, type PickleValue, type TensorView } from "./pickle-values.ts";

/** Where training scripts keep the state_dict: PyTorch Lightning's and others' names. */
const wrappers = ["state_dict", "model_state_dict", "model"];

export interface StateDict {
  readonly tensors: ReadonlyMap<string, TensorView>;
  readonly ignored: readonly IgnoredEntry[];
}

/** @throws AttuneError ERR_CHECKPOINT_FORMAT where there are no tensors by name */
export function stateDict(value: PickleValue, path: string): StateDict {
  if (!isKind(value, "dict")) throw malformedTorch(`it holds a ${kindOf(value)}, not tensors by name`, path);
  const wrapper = hasTensors(value)
    ? undefined
    : wrappers.find((name) => holdsTensors(value.entries.get(name)));
  const inner = wrapper === undefined ? value : value.entries.get(wrapper);
  const beside = wrapper === undefined ? [] : [...value.entries.keys()].filter((key) => key !== wrapper);
  const ignored: IgnoredEntry[] = beside.map((key) => ({
    name: keyText(key),
    why: `stands beside "${wrapper}"`,
  }));
  const tensors = new Map<string, TensorView>();
  for (const [key, item] of isKind(inner, "dict") ? inner.entries : []) {
    if (typeof key === "string" && isKind(item, "tensor")) tensors.set(key, item);
    else ignored.push({ name: keyText(key), why: `is a ${kindOf(item)}, no tensor` });
  }
  if (tensors.size === 0) throw malformedTorch("it holds no tensors by name", path);
  return { tensors, ignored };
}

function hasTensors({ entries }: PickleDict): boolean {
  return [...entries.values()].some((value) => isKind(value, "tensor"));
}

function holdsTensors(value: PickleValue | undefined): boolean {
  return isKind(value, "dict") && hasTensors(value);
}

function keyText(key: PickleValue): string {
  return typeof key === "object" ? kindOf(key) : String(key);
}
