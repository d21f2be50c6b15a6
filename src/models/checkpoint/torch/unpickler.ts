/**
 * A pickle machine that makes plain data and runs nothing.
 *
 * Source: Python's pickletools.py (the opcodes of protocols 0 to 5) and pickle.py (what each does to the stack).
 *
 * Of the opcodes only those do anything that data is written with, in the protocols that PyTorch uses (2 and later).
 * Those that name, build or call something go to a `World`, which knows a handful of names (globals.ts) and refuses
 * the rest; the others are refused by name. Time and memory are bounded by the number of opcodes, which has a limit.
 */
import { PickleCursor } from "./pickle-cursor.ts";
import { malformedTorch, notWeights } from "./pickle-errors.ts";
import { kindOf, type PickleDict, type PickleSequence, type PickleValue } from "./pickle-values.ts";

/** What a pickle may refer to. Every method throws ERR_PICKLE_REFUSED for what it does not know. */
export interface World {
  /** The value of a name in a module, such as `OrderedDict` in `collections`. */
  find(module: string, name: string): PickleValue;
  /** The result of a call. */
  call(callable: PickleValue, args: readonly PickleValue[]): PickleValue;
  /** What a persistent id stands for. */
  load(id: PickleValue): PickleValue;
  /** Called where `target` is to take the attributes `state`. */
  build(target: PickleValue, state: PickleValue): void;
}

/** Longest pickle that is read; a BERT's has 50 kB. */
export const MAX_PICKLE_BYTES = 64 * 2 ** 20;
/** About 60 are needed for a tensor, so that this is enough for more than 16,000. */
const MAX_OPCODES = 1_000_000;
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

type Step = (machine: Machine) => void;

class Machine {
  readonly cursor: PickleCursor;
  readonly world: World;
  readonly path: string;
  readonly memo = new Map<number, PickleValue>();
  /** Values above the last mark. */
  stack: PickleValue[] = [];
  /** What lies below each mark. */
  readonly below: PickleValue[][] = [];

  constructor(cursor: PickleCursor, world: World, path: string) {
    this.cursor = cursor;
    this.world = world;
    this.path = path;
  }

  /** The value at STOP. */
  run(): PickleValue {
    for (let count = 0; count < MAX_OPCODES; count++) {
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
    throw this.malformed(`its pickle has more than ${MAX_OPCODES} opcodes`);
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

  popTuple(length: number): PickleSequence {
    const items = Array.from({ length }, () => this.pop()).reverse();
    return { kind: "tuple", items };
  }

  sequence(kind: PickleSequence["kind"]): PickleValue[] {
    const value = this.top();
    if (isObject(value) && value.kind === kind) return value.items;
    throw this.malformed(`its pickle adds to a ${kindOf(value)} as if it were a ${kind}`);
  }

  setItems(pairs: readonly PickleValue[]): void {
    const target = this.top();
    if (!isObject(target) || target.kind !== "dict")
      throw this.malformed(`its pickle sets items of a ${kindOf(target)}`);
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
    const classes = [...this.stack].reverse().filter((value) => isObject(value) && value.kind === "global");
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

export function isObject(value: PickleValue): value is Extract<PickleValue, { readonly kind: string }> {
  return typeof value === "object" && value !== null && !(value instanceof Uint8Array);
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const STOP = 0x2e;
const INST = 0x69;

const steps: ReadonlyMap<number, Step> = new Map<number, Step>([
  [0x80, protocol], // PROTO
  [0x95, ({ cursor }) => void cursor.uint64()], // FRAME: how the bytes were buffered
  // constants and numbers
  [0x4e, (m) => m.push(null)], // NONE
  [0x88, (m) => m.push(true)], // NEWTRUE
  [0x89, (m) => m.push(false)], // NEWFALSE
  [0x4a, (m) => m.push(m.cursor.int32())], // BININT
  [0x4b, (m) => m.push(m.cursor.byte())], // BININT1
  [0x4d, (m) => m.push(m.cursor.uint16())], // BININT2
  [0x8a, (m) => m.push(m.long(m.cursor.byte()))], // LONG1
  [0x8b, (m) => m.push(m.long(m.cursor.uint32()))], // LONG4
  [0x47, (m) => m.push(m.cursor.float64())], // BINFLOAT
  // text and bytes
  [0x8c, (m) => m.push(m.text(m.cursor.bytes(m.cursor.byte())))], // SHORT_BINUNICODE
  [0x58, (m) => m.push(m.text(m.cursor.bytes(m.cursor.uint32())))], // BINUNICODE
  [0x8d, (m) => m.push(m.text(m.cursor.bytes(m.cursor.uint64())))], // BINUNICODE8
  [0x55, (m) => m.push(m.text(m.cursor.bytes(m.cursor.byte())))], // SHORT_BINSTRING, of Python 2
  [0x54, (m) => m.push(m.text(m.cursor.bytes(m.cursor.uint32())))], // BINSTRING
  [0x43, (m) => m.push(m.cursor.bytes(m.cursor.byte()))], // SHORT_BINBYTES
  [0x42, (m) => m.push(m.cursor.bytes(m.cursor.uint32()))], // BINBYTES
  [0x8e, (m) => m.push(m.cursor.bytes(m.cursor.uint64()))], // BINBYTES8
  [0x96, (m) => m.push(m.cursor.bytes(m.cursor.uint64()))], // BYTEARRAY8
  // collections
  [0x29, (m) => m.push({ kind: "tuple", items: [] })], // EMPTY_TUPLE
  [0x85, (m) => m.push(m.popTuple(1))], // TUPLE1
  [0x86, (m) => m.push(m.popTuple(2))], // TUPLE2
  [0x87, (m) => m.push(m.popTuple(3))], // TUPLE3
  [0x74, (m) => m.push({ kind: "tuple", items: m.popMark() })], // TUPLE
  [0x5d, (m) => m.push({ kind: "list", items: [] })], // EMPTY_LIST
  [0x61, (m) => append(m, "list", [m.pop()])], // APPEND
  [0x65, (m) => append(m, "list", m.popMark())], // APPENDS
  [0x7d, (m) => m.push({ kind: "dict", ordered: false, entries: new Map() })], // EMPTY_DICT
  [0x73, (m) => m.setItems(m.popTuple(2).items)], // SETITEM
  [0x75, (m) => m.setItems(m.popMark())], // SETITEMS
  [0x8f, (m) => m.push({ kind: "set", items: [] })], // EMPTY_SET
  [0x90, (m) => append(m, "set", m.popMark())], // ADDITEMS
  [0x91, (m) => m.push({ kind: "set", items: m.popMark() })], // FROZENSET
  // the stack and the memo
  [0x28, mark], // MARK
  [0x30, (m) => void m.pop()], // POP
  [0x31, (m) => void m.popMark()], // POP_MARK
  [0x32, (m) => m.push(m.top())], // DUP
  [0x71, (m) => void m.memo.set(m.cursor.byte(), m.top())], // BINPUT
  [0x72, (m) => void m.memo.set(m.cursor.uint32(), m.top())], // LONG_BINPUT
  [0x94, (m) => void m.memo.set(m.memo.size, m.top())], // MEMOIZE
  [0x68, (m) => m.get(m.cursor.byte())], // BINGET
  [0x6a, (m) => m.get(m.cursor.uint32())], // LONG_BINGET
  // what the world decides on
  [0x63, (m) => m.push(m.world.find(m.text(m.cursor.line()), m.text(m.cursor.line())))], // GLOBAL
  [0x93, stackGlobal], // STACK_GLOBAL
  [0x52, reduce], // REDUCE
  [0x62, build], // BUILD
  [0x51, (m) => m.push(m.world.load(m.pop()))], // BINPERSID
]);

/** Opcodes that are real and make objects, or belong to protocols that PyTorch does not use. */
const refused: ReadonlyMap<number, string> = new Map([
  [INST, "INST"],
  [0x6f, "OBJ"],
  [0x81, "NEWOBJ"],
  [0x92, "NEWOBJ_EX"],
  [0x82, "EXT1"],
  [0x83, "EXT2"],
  [0x84, "EXT4"],
  [0x50, "PERSID"],
  [0x97, "NEXT_BUFFER"],
  [0x98, "READONLY_BUFFER"],
  [0x49, "INT"],
  [0x4c, "LONG"],
  [0x46, "FLOAT"],
  [0x53, "STRING"],
  [0x56, "UNICODE"],
  [0x64, "DICT"],
  [0x6c, "LIST"],
  [0x67, "GET"],
  [0x70, "PUT"],
]);

function append(machine: Machine, kind: "list" | "set", values: readonly PickleValue[]): void {
  const items = machine.sequence(kind);
  for (const value of values) items.push(value);
}

function mark(machine: Machine): void {
  machine.below.push(machine.stack);
  machine.stack = [];
}

function stackGlobal(machine: Machine): void {
  const [module, name] = machine.popTuple(2).items;
  if (typeof module !== "string" || typeof name !== "string")
    throw machine.malformed(`its pickle names a global by ${kindOf(module)} and ${kindOf(name)}`);
  machine.push(machine.world.find(module, name));
}

function reduce(machine: Machine): void {
  const [callable, args] = machine.popTuple(2).items;
  if (!isObject(args) || args.kind !== "tuple")
    throw machine.malformed(`its pickle calls ${kindOf(callable)} with a ${kindOf(args)}`);
  machine.push(machine.world.call(callable, args.items));
}

function build(machine: Machine): void {
  const state = machine.pop();
  machine.world.build(machine.top(), state);
}

function protocol(machine: Machine): void {
  const version = machine.cursor.byte();
  if (version < 2 || version > 5)
    throw machine.malformed(`its pickle is of protocol ${version}, and 2 to 5 are read`);
}
