/**
 * The opcodes of pickles: what each that makes data does to the machine, and the names of those that are refused.
 *
 * Source: Python's pickletools.py. Opcodes of protocols 0 and 1 that PyTorch never writes are refused like those that
 * make objects.
 */
import { isKind, kindOf, type PickleValue } from "./pickle-values.ts";
import type { Machine } from "./unpickler.ts";

type Step = (machine: Machine) => void;

export const STOP = 0x2e;
export const INST = 0x69;

export const steps: ReadonlyMap<number, Step> = new Map<number, Step>([
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
export const refused: ReadonlyMap<number, string> = new Map([
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
  if (!isKind(args, "tuple"))
    throw machine.malformed(`its pickle calls ${kindOf(callable)} with a ${kindOf(args)}`);
  machine.push(machine.world.call(callable, args.items, (values) => machine.charge(values)));
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
