/** Pickles that would run something in Python: each is refused with the name of what it asks for, and nothing runs. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openTorchFile } from "../../src/models/checkpoint/torch/torch-file.ts";
import { readModelFolder } from "../../src/models/checkpoint/index.ts";
import { messageOf } from "../message-of.ts";
import { temporaryFolder } from "../temporary-files.ts";
import { makeFolder } from "./folder-of.ts";
import { archive, bytes, call, dictOf, legacy, legacyStart, op, tensor, zip } from "./pickle-writer.ts";

const { folder, write } = temporaryFolder();
const trace = join(folder, "was-run");
const command = `touch ${trace}`;

/** A payload and what the refusal must name. */
const payloads: readonly (readonly [name: string, value: Buffer, found: string])[] = [
  ["os.system", call("os", "system", command), '"os.system"'],
  ["posix.system", call("posix", "system", command), '"posix.system"'],
  ["nt.system", call("nt", "system", command), '"nt.system"'],
  ["os.popen", call("os", "popen", command), '"os.popen"'],
  ["os.execv", call("os", "execv", command), '"os.execv"'],
  ["subprocess.Popen", call("subprocess", "Popen", command), '"subprocess.Popen"'],
  ["subprocess.check_output", call("subprocess", "check_output", command), '"subprocess.check_output"'],
  ["builtins.eval", call("builtins", "eval", "1"), '"builtins.eval"'],
  ["__builtin__.eval, of Python 2", call("__builtin__", "eval", "1"), '"__builtin__.eval"'],
  ["builtins.exec", call("builtins", "exec", "1"), '"builtins.exec"'],
  ["builtins.compile", call("builtins", "compile", "1"), '"builtins.compile"'],
  ["builtins.open", call("builtins", "open", trace, "w"), '"builtins.open"'],
  ["builtins.__import__", call("builtins", "__import__", "os"), '"builtins.__import__"'],
  ["builtins.breakpoint", call("builtins", "breakpoint"), '"builtins.breakpoint"'],
  [
    "a chain of getattr",
    bytes(
      op.global("builtins", "getattr"),
      call("builtins", "__import__", "os"),
      op.text("system"),
      op.tuple2,
      op.reduce,
    ),
    '"builtins.getattr"',
  ],
  ["operator.attrgetter", call("operator", "attrgetter", "system"), '"operator.attrgetter"'],
  ["operator.methodcaller", call("operator", "methodcaller", "system", command), '"operator.methodcaller"'],
  ["functools.partial", call("functools", "partial", command), '"functools.partial"'],
  ["runpy._run_code", call("runpy", "_run_code", command), '"runpy._run_code"'],
  ["pty.spawn", call("pty", "spawn", command), '"pty.spawn"'],
  ["webbrowser.open", call("webbrowser", "open", "http://localhost"), '"webbrowser.open"'],
  ["socket.create_connection", call("socket", "create_connection"), '"socket.create_connection"'],
  ["requests.get", call("requests.api", "get", "http://localhost"), '"requests.api.get"'],
  ["shutil.rmtree", call("shutil", "rmtree", "/"), '"shutil.rmtree"'],
  ["importlib.import_module", call("importlib", "import_module", "os"), '"importlib.import_module"'],
  ["timeit.timeit", call("timeit", "timeit", "1"), '"timeit.timeit"'],
  ["cProfile.run", call("cProfile", "run", "1"), '"cProfile.run"'],
  ["pdb.run", call("pdb", "run", "1"), '"pdb.run"'],
  ["code.interact", call("code", "interact"), '"code.interact"'],
  ["pip.main", call("pip", "main", "install"), '"pip.main"'],
  ["types.CodeType", call("types", "CodeType"), '"types.CodeType"'],
  ["marshal.loads", call("marshal", "loads", ""), '"marshal.loads"'],
  ["pickle.loads", call("pickle", "loads", ""), '"pickle.loads"'],
  ["_pickle.loads", call("_pickle", "loads", ""), '"_pickle.loads"'],
  ["torch.load", call("torch", "load", "http://localhost"), '"torch.load"'],
  ["torch.hub.load", call("torch.hub", "load", "a/b"), '"torch.hub.load"'],
  ["torch.jit.load", call("torch.jit", "load", "x"), '"torch.jit.load"'],
  [
    "torch._inductor's runner",
    call("torch._inductor.codecache", "compile_file", "x"),
    '"torch._inductor.codecache.compile_file"',
  ],
  [
    "numpy's reconstruct",
    call("numpy.core.multiarray", "_reconstruct"),
    '"numpy.core.multiarray._reconstruct"',
  ],
  [
    "numpy.testing's runstring",
    call("numpy.testing._private.utils", "runstring", "1"),
    '"numpy.testing._private.utils.runstring"',
  ],
  ["joblib", call("joblib.numpy_pickle", "NumpyArrayWrapper"), '"joblib.numpy_pickle.NumpyArrayWrapper"'],
  [
    "a whole module",
    call("transformers.models.bert.modeling_bert", "BertModel"),
    '"transformers.models.bert.modeling_bert.BertModel"',
  ],
  ["a name that is only asked for", op.global("os", "system"), '"os.system"'],
  ["INST", bytes(op.mark, op.text(command), op.inst("os", "system")), 'INST of "os.system"'],
  ["OBJ", bytes(op.mark, op.global("os", "system"), op.text(command), op.obj), '"os.system"'],
  [
    "OBJ of a name that is known",
    bytes(op.mark, op.global("collections", "OrderedDict"), op.obj),
    'OBJ of "collections.OrderedDict"',
  ],
  [
    "NEWOBJ",
    bytes(op.global("collections", "OrderedDict"), op.emptyTuple, op.newObj),
    'NEWOBJ of "collections.OrderedDict"',
  ],
  [
    "NEWOBJ_EX",
    bytes(op.global("collections", "OrderedDict"), op.emptyTuple, op.emptyDict, op.newObjEx),
    'NEWOBJ_EX of "collections.OrderedDict"',
  ],
  ["STACK_GLOBAL", bytes(op.shortText("os"), op.shortText("system"), op.stackGlobal), '"os.system"'],
  [
    "STACK_GLOBAL by way of the memo",
    bytes(
      op.shortText("os"),
      op.put(7),
      op.shortText("system"),
      op.put(8),
      op.emptyList,
      op.get(7),
      op.get(8),
      op.stackGlobal,
    ),
    '"os.system"',
  ],
  [
    "STACK_GLOBAL with a dotted name",
    bytes(op.shortText("torch"), op.shortText("os.system"), op.stackGlobal),
    '"torch.os.system"',
  ],
  [
    "STACK_GLOBAL with a dotted name that adds up to a known one",
    bytes(op.shortText("torch"), op.shortText("_utils._rebuild_tensor_v2"), op.stackGlobal),
    '"torch._utils._rebuild_tensor_v2"',
  ],
  ["a dotted GLOBAL through torch", op.global("torch._utils", "sys.modules"), '"torch._utils.sys.modules"'],
  [
    "a method of a known name",
    op.global("collections", "OrderedDict.__reduce__"),
    '"collections.OrderedDict.__reduce__"',
  ],
  [
    "another name in torch._utils",
    op.global("torch._utils", "_import_dotted_name"),
    '"torch._utils._import_dotted_name"',
  ],
  ["a name that ends as storages do", op.global("torch", "EvilStorage"), '"torch.EvilStorage"'],
  ["a name from Object.prototype", op.global("torch", "constructor"), '"torch.constructor"'],
  ["another's storage", op.global("torch.storage", "UntypedStorage"), '"torch.storage.UntypedStorage"'],
  ["EXT1", bytes([0x82, 1]), "EXT1"],
  ["EXT2", bytes([0x83, 1, 0]), "EXT2"],
  ["EXT4", bytes([0x84, 1, 0, 0, 0]), "EXT4"],
  ["PERSID", op.persId("os.system"), "PERSID"],
  ["a pickle inside a persistent id", bytes(call("os", "system", command), op.binPersId), '"os.system"'],
  [
    "a persistent id that is text",
    bytes(op.text("os.system"), op.binPersId),
    "persistent id that is no storage (BINPERSID of a string)",
  ],
  [
    "a persistent id of a module, with its source",
    bytes(op.mark, op.text("module"), op.none, op.text("x.py"), op.text("import os"), op.tuple, op.binPersId),
    'tuple that begins with "module"',
  ],
  [
    "BUILD with __setstate__",
    bytes(tensor(), op.emptyDict, op.text("__setstate__"), op.text("x"), op.setItem, op.build),
    "gives a tensor the state __setstate__ (BUILD)",
  ],
  [
    "BUILD of an ordered dict with __class__",
    bytes(
      op.global("collections", "OrderedDict"),
      op.emptyTuple,
      op.reduce,
      op.emptyDict,
      op.text("__class__"),
      op.text("x"),
      op.setItem,
      op.build,
    ),
    "gives a dict the state __class__ (BUILD)",
  ],
  [
    "BUILD of a function",
    bytes(op.global("torch._utils", "_rebuild_tensor_v2"), op.emptyDict, op.build),
    "gives a torch._utils._rebuild_tensor_v2 the state a dict (BUILD)",
  ],
  [
    "REDUCE of a storage type",
    bytes(op.global("torch", "FloatStorage"), op.emptyTuple, op.reduce),
    "calls a storage type (REDUCE)",
  ],
  ["REDUCE of a text", bytes(op.text("os.system"), op.emptyTuple, op.reduce), "calls a string (REDUCE)"],
  [
    "REDUCE of a type of numbers",
    bytes(op.global("torch", "float32"), op.emptyTuple, op.reduce),
    "calls a torch.float32 (REDUCE)",
  ],
  ["NEXT_BUFFER", bytes([0x97]), "NEXT_BUFFER"],
  ["opcodes of protocol 0", bytes("Vtext\n"), "UNICODE"],
];

describe.each(payloads)("%s", (_, value, found) => {
  const pickles = {
    alone: bytes(op.proto(), value, op.stop),
    "in a state_dict": dictOf("bert.pooler.dense.bias", value),
  };

  test.each(Object.entries(pickles))("%s", async (__, pickle) => {
    for (const file of [archive(pickle), legacy(pickle), bytes(legacyStart, pickle)]) {
      const message = await messageOf(() => openTorchFile(write("pytorch_model.bin", file)));
      expect(message).toMatch(/^ERR_PICKLE_REFUSED: .*nothing of it was run.*as safetensors/);
      expect(message).toContain(found);
    }
    expect(existsSync(trace)).toBe(false);
  });
});

test("a file that is a hostile pickle from its first byte on", async () => {
  for (const version of [2, 3, 4, 5]) {
    const file = write("pytorch_model.bin", bytes(op.proto(version), call("os", "system", command), op.stop));
    expect(await messageOf(() => openTorchFile(file))).toMatch(/^ERR_PICKLE_REFUSED: .*"os\.system"/);
  }
  const old = write("pytorch_model.bin", bytes(call("os", "system", command), op.stop));
  expect(await messageOf(() => openTorchFile(old))).toMatch(
    /^ERR_CHECKPOINT_FORMAT: .*neither a zip file nor a pickle/,
  );
});

test("a hostile pickle after a good one: what follows STOP is not read", async () => {
  const pickle = bytes(dictOf("w", tensor()), op.proto(), call("os", "system", command), op.stop);
  await using file = await openTorchFile(write("pytorch_model.bin", archive(pickle)));
  expect([...file.tensors.keys()]).toEqual(["w"]);
  const second = write(
    "pytorch_model.bin",
    zip([
      { name: "archive/data.pkl", data: dictOf("w", tensor()) },
      { name: "archive/extra/data.pkl", data: bytes(op.proto(), call("os", "system", command), op.stop) },
    ]),
  );
  expect(await messageOf(() => openTorchFile(second))).toMatch(/2 entries named data\.pkl/);
});

test("a model folder with one in a shard", async () => {
  const path = makeFolder(join(folder, "sharded"), {});
  write("sharded/a.bin", archive(dictOf("w", call("os", "system", command))));
  write("sharded/pytorch_model.bin.index.json", JSON.stringify({ weight_map: { w: "a.bin" } }));
  expect(await messageOf(() => readModelFolder(path))).toMatch(/^ERR_PICKLE_REFUSED: .*"os\.system".*a\.bin/);
  expect(existsSync(trace)).toBe(false);
});
