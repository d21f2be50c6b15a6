/**
 * A pickle machine that makes plain data and runs nothing.
 *
 * Source: Python's pickletools.py (the opcodes of protocols 0 to 5) and pickle.py (what each does to the stack).
 *
 * Of the opcodes only those do anything that data is written with, in the protocols that PyTorch uses (2 and later).
 * Those that name, build or call something go to a `World`, which knows a handful of names (torch-world.ts) and refuses
 * the rest; the others are refused by name. Time and memory are bounded by the number of opcodes and of the values that
 * calls copy, which has a limit.
 */
import { INST, refused, steps, STOP } from "./opcodes.ts";
import { PickleCursor } from "./pickle-cursor.ts";
import { malformedTorch, notWeights } from "./pickle-errors.ts";
import {
  isKind,
  isObject,
  kindOf,
  type PickleDict,
  type PickleSequence,
  type PickleValue,
} from "./pickle-values.ts";

/** What a pickle may refer to. Every method throws ERR_PICKLE_REFUSED for what it does not know. */
export interface World {
  /** The value of a name in a module, such as `OrderedDict` in `collections`. */
  find(module: string, name: string): PickleValue;
  /** The result of a call. `charge` is told of each value that it copies, before it does. */
  call(callable: PickleValue, args: readonly PickleValue[], charge: (values: number) => void): PickleValue;
  /** What a persistent id stands for. */
  load(id: PickleValue): PickleValue;
  /** Called where `target` is to take the attributes `state`. */
  build(target: PickleValue, state: PickleValue): void;
}

/** Longest pickle that is read; a BERT's has 50 kB. */
export const MAX_PICKLE_BYTES = 64 * 2 ** 20;
/** Opcodes and copied values. About 60 are needed for a tensor, so that this is enough for more than 16,000. */
const MAX_STEPS = 1_000_000;
/** Bytes of a whole number; PyTorch's magic number has 10. */
const MAX_LONG_BYTES = 64;

/**
 * Reads one pickle.
 *
 * @param start where it begins
 * @returns the value, and where the pickle ends
 * @throws PickleEnds where the bytes end first; AttuneError ERR_PICKLE_REFUSED, ERR_CHECKPOINT_FORMAT
 */
export function unpickle(
  bytes: Uint8Array,
  start: number,
  world: World,
  path: string,
): { readonly value: PickleValue; readonly end: number } {
  const machine = new Machine(new PickleCursor(bytes, start), world, path);
  return { value: machine.run(), end: machine.cursor.at };
}

/** The stack, the marks and the memo, and what the opcodes do with them. */
export class Machine {
  readonly cursor: PickleCursor;
  readonly world: World;
  readonly path: string;
  readonly memo = new Map<number, PickleValue>();
  /** Values above the last mark. */
  stack: PickleValue[] = [];
  /** What lies below each mark. */
  readonly below: PickleValue[][] = [];
  #steps = 0;

  constructor(cursor: PickleCursor, world: World, path: string) {
    this.cursor = cursor;
    this.world = world;
    this.path = path;
  }

  /** The value at STOP. */
  run(): PickleValue {
    for (;;) {
      this.charge(1);
      const code = this.cursor.byte();
      if (code === STOP) {
        const value = this.pop();
        if (this.stack.length > 0 || this.below.length > 0)
          throw this.malformed("its pickle leaves values behind");
        return value;
      }
      const step = steps.get(code);
      if (step === undefined) throw this.refuse(code);
      step(this);
    }
  }

  /** Counts what an opcode does, so that a few bytes cannot keep it busy for long. */
  charge(count: number): void {
    this.#steps += count;
    if (this.#steps > MAX_STEPS) throw this.malformed(`its pickle takes more than ${MAX_STEPS} steps`);
  }

  push(value: PickleValue): void {
    this.stack.push(value);
  }

  pop(): PickleValue {
    const value = this.stack.pop();
    if (value === undefined) throw this.malformed("its pickle takes a value where there is none");
    return value;
  }

  top(): PickleValue {
    const value = this.stack.at(-1);
    if (value === undefined) throw this.malformed("its pickle takes a value where there is none");
    return value;
  }

  /** Everything since the last mark, which goes too. */
  popMark(): PickleValue[] {
    const below = this.below.pop();
    if (below === undefined) throw this.malformed("its pickle goes back to a mark that is not there");
    const values = this.stack;
    this.stack = below;
    return values;
  }

  popTuple(length: number): PickleSequence<"tuple"> {
    const items = Array.from({ length }, () => this.pop()).reverse();
    return { kind: "tuple", items };
  }

  sequence(kind: "list" | "set"): PickleValue[] {
    const value = this.top();
    if (isKind(value, kind)) return value.items;
    throw this.malformed(`its pickle adds to a ${kindOf(value)} as if it were a ${kind}`);
  }

  setItems(pairs: readonly PickleValue[]): void {
    const target = this.top();
    if (!isKind(target, "dict")) throw this.malformed(`its pickle sets items of a ${kindOf(target)}`);
    fill(target, pairs, (found) => this.malformed(found));
  }

  get(index: number): void {
    const value = this.memo.get(index);
    if (value === undefined) throw this.malformed(`its pickle recalls memo ${index}, which is not there`);
    this.push(value);
  }

  text(bytes: Uint8Array): string {
    try {
      return utf8.decode(bytes);
    } catch {
      throw this.malformed("its pickle has text that is not UTF-8");
    }
  }

  long(length: number): bigint {
    if (length > MAX_LONG_BYTES) throw this.malformed(`its pickle has a number of ${length} bytes`);
    return this.cursor.long(length);
  }

  malformed(found: string) {
    return malformedTorch(found, this.path);
  }

  /** An opcode that does nothing here. */
  refuse(code: number) {
    const name = refused.get(code);
    if (name === undefined)
      return this.malformed(`its pickle has a byte 0x${code.toString(16)} that is no opcode`);
    return notWeights(`its pickle uses ${name}${this.#refusedName(code)}`, this.path);
  }

  /** INST carries a name of its own; the class of the others is on the stack. */
  #refusedName(code: number): string {
    if (code === INST) return ` of "${this.text(this.cursor.line())}.${this.text(this.cursor.line())}"`;
    const classes = [...this.stack].reverse().filter((value) => isKind(value, "global"));
    return classes.length === 0 ? "" : ` of "${kindOf(classes[0])}"`;
  }
}

/** Key, value, key, value, ... into a dict. */
export function fill(
  { entries }: PickleDict,
  pairs: readonly PickleValue[],
  malformed: (found: string) => Error,
): void {
  if (pairs.length % 2 !== 0) throw malformed("its pickle has a key without a value");
  for (let i = 0; i < pairs.length; i += 2) {
    const key = pairs[i];
    if (isObject(key) && key.kind !== "tuple") throw malformed(`its pickle has a ${kindOf(key)} for a key`);
    entries.set(key, pairs[i + 1]);
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
