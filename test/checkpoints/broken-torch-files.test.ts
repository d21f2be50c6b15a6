/** PyTorch files that are damaged, or made to exhaust whoever reads them: refused quickly, by what is wrong. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { countElements } from "../../src/models/checkpoint/safetensors-header.ts";
import type { StoredWeights } from "../../src/models/checkpoint/index.ts";
import { openTorchFile } from "../../src/models/checkpoint/torch/torch-file.ts";
import { messageOf } from "../message-of.ts";
import { temporaryFolder } from "../temporary-files.ts";
import { damaged } from "./damage.ts";
import { fixture } from "./folder-of.ts";
import {
  archive,
  bytes,
  dictOf,
  legacy,
  legacyStart,
  op,
  storageId,
  tensor,
  zip,
  type Piece,
} from "./pickle-writer.ts";

const { write } = temporaryFolder();
const refusal = (file: Uint8Array) => messageOf(() => openTorchFile(write("pytorch_model.bin", file)));
const pickled = (...pieces: readonly Piece[]) => bytes(op.proto(), ...pieces, op.stop);
const long = (value: bigint) =>
  bytes(
    [0x8a, 9],
    Buffer.from(Array.from({ length: 9 }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn))),
  );

describe("what is no weight file", () => {
  test.each([
    ["nothing", bytes(), "it is empty"],
    ["a web page", bytes("\n<!DOCTYPE html><html>"), "it is a web page"],
    [
      "a Git LFS pointer",
      bytes("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"),
      "Git LFS pointer",
    ],
    ["a tar file", bytes(Buffer.alloc(257), "ustar", Buffer.alloc(300)), "it is a tar file"],
    ["noise", bytes("noise"), "neither a zip file nor a pickle"],
    ["another pickle", pickled(op.emptyDict), "not one of torch.save"],
    ["a list", archive(pickled(op.emptyList)), "it holds a list, not tensors by name"],
    ["an empty dict", archive(pickled(op.emptyDict)), "it holds no tensors by name"],
    [
      "a zip of something else",
      zip([{ name: "word/document.xml", data: bytes("<w/>") }]),
      "0 entries named data.pkl",
    ],
    [
      "TorchScript",
      archive(dictOf("w", tensor()), [{ name: "archive/constants.pkl", data: bytes("") }]),
      "TorchScript",
    ],
    [
      "another byte order",
      archive(dictOf("w", tensor()), [{ name: "archive/byteorder", data: bytes("big") }]),
      'byte order is "big"',
    ],
  ])("%s", async (_, file, found) => {
    const message = await refusal(file);
    expect(message).toMatch(/^ERR_CHECKPOINT_FORMAT: /);
    expect(message).toContain(found);
  });
});

describe("pickles that do not add up", () => {
  test.each([
    ["a value from an empty stack", pickled(op.append), "takes a value where there is none"],
    ["a mark that is not there", pickled(op.setItems), "goes back to a mark that is not there"],
    ["values left behind", pickled(op.none, op.none), "leaves values behind"],
    ["a mark left behind", pickled(op.mark, op.none), "leaves values behind"],
    ["memo that is not there", pickled(op.longGet(0xffffffff)), "recalls memo 4294967295"],
    ["a key without a value", pickled(op.emptyDict, op.mark, op.none, op.setItems), "a key without a value"],
    ["a list for a key", pickled(op.emptyDict, op.emptyList, op.none, op.setItem), "a list for a key"],
    ["items of a list", pickled(op.emptyList, op.none, op.none, op.setItem), "sets items of a list"],
    ["a tuple that is added to", pickled(op.emptyTuple, op.none, op.append), "adds to a tuple"],
    ["text that is no UTF-8", pickled("X", [1, 0, 0, 0, 0xff]), "text that is not UTF-8"],
    ["a byte that is no opcode", pickled([0xff]), "0xff that is no opcode"],
    ["an unknown protocol", bytes(op.proto(9), op.none, op.stop), "protocol 9"],
    [
      "a call with a list",
      pickled(op.global("collections", "OrderedDict"), op.emptyList, op.reduce),
      "with a list",
    ],
    ["a global named by numbers", pickled(op.int(1), op.int(2), op.stackGlobal), "by number and number"],
    ["a number of a million bytes", pickled([0x8b, 0x40, 0x42, 0x0f, 0]), "a number of 1000000 bytes"],
    ["text of 4 GB", pickled("X", [0xff, 0xff, 0xff, 0xff]), "its pickle is cut short"],
    ["bytes of 2^63", pickled([0x8e, 0, 0, 0, 0, 0, 0, 0, 0x80]), "its pickle is cut short"],
    [
      "an OrderedDict of numbers",
      pickled(op.global("collections", "OrderedDict"), op.int(1), op.tuple1, op.reduce),
      "other than pairs",
    ],
  ])("%s", async (_, pickle, found) => {
    for (const file of [archive(pickle), bytes(legacyStart, pickle)]) {
      const message = await refusal(file);
      expect(message).toMatch(/^ERR_CHECKPOINT_FORMAT: /);
      expect(message).toContain(found);
    }
  });
});

describe("tensors that cannot be", () => {
  test.each([
    [
      "an element beyond its storage",
      tensor({ offset: 1 }),
      "reaches to element 4 of storage 0, which has 4",
    ],
    ["a stride beyond it", tensor({ stride: [4, 1] }), "reaches to element 5"],
    [
      "more elements than can be counted",
      tensor({ shape: [2 ** 31 - 1, 2 ** 31 - 1], stride: [0, 0] }),
      "more elements than can be counted",
    ],
    [
      "a thousand axes",
      tensor({ shape: Array(1000).fill(1), stride: Array(1000).fill(1) }),
      "the shape of a tensor in storage 0 has 1000 numbers, more than 64",
    ],
    ["a negative offset", tensor({ offset: -1 }), "the offset of a tensor in storage 0"],
    ["a negative size", tensor({ shape: [-2, -2] }), "the shape of a tensor in storage 0"],
    ["an offset of 2^64", tensor({ offset: long(2n ** 64n) }), "the offset of a tensor in storage 0"],
    ["fewer strides than sizes", tensor({ stride: [1] }), "has 2 sizes and 1 strides"],
    ["a storage of another length", tensor({ elements: 5 }), "has 16 bytes, not 20"],
    ["a storage that is not there", tensor({ key: "../0" }), "storage ../0, which holds"],
    ["a view of a storage", tensor({ view: [op.text("0")] }), "a view of another"],
    [
      "no storage",
      bytes(op.global("torch._utils", "_rebuild_tensor_v2"), op.none, op.tuple1, op.reduce),
      "a tensor has no storage",
    ],
    [
      "a parameter of nothing",
      bytes(op.global("torch._utils", "_rebuild_parameter"), op.none, op.tuple1, op.reduce),
      "a parameter has no tensor",
    ],
    [
      "a storage without a type",
      bytes(
        op.mark,
        op.text("storage"),
        op.none,
        op.text("0"),
        op.text("cpu"),
        op.int(4),
        op.tuple,
        op.binPersId,
      ),
      "storage 0 has no type",
    ],
  ])("%s", async (_, value, found) => {
    const message = await refusal(archive(dictOf("w", value)));
    expect(message).toMatch(/^ERR_CHECKPOINT_FORMAT: /);
    expect(message).toContain(found);
  });

  test("types that no weight has are refused by name", async () => {
    for (const type of ["ComplexFloatStorage", "QInt8Storage", "UntypedStorage"])
      expect(await refusal(archive(dictOf("w", tensor({ type }))))).toMatch(
        new RegExp(`^ERR_PICKLE_REFUSED: .*"torch\\.${type}"`),
      );
  });

  test("in the format before 1.6: a storage in two ways, unlisted, untold or listed twice", async () => {
    const two = bytes(
      op.proto(),
      op.emptyDict,
      op.mark,
      op.text("a"),
      tensor(),
      op.text("b"),
      tensor({ elements: 5 }),
      op.setItems,
      op.stop,
    );
    expect(await refusal(legacy(two))).toContain("storage 0 is told of in two ways");
    const one = dictOf("w", tensor());
    expect(await refusal(legacy(one, []))).toContain('storage 0, which holds "w", is not in it');
    expect(await refusal(legacy(one, ["0", "1"]))).toContain("nothing says of which type storage 1 is");
    expect(await refusal(legacy(one, ["0", "0"]))).toContain("lists a storage twice");
    expect(await refusal(legacy(dictOf("w", tensor({ elements: 5 }))))).toContain("has 4 elements, not 5");
    expect(await refusal(bytes(legacy(one), "x"))).toContain("1 bytes follow the last storage");
    expect(await refusal(legacy(one).subarray(0, -1))).toMatch(/^ERR_CHECKPOINT_TRUNCATED/);
  });

  test("one that stands still needs no memory until it is read, and then into memory of its own length", async () => {
    const huge = tensor({ elements: 4, shape: [2 ** 30, 2 ** 20], stride: [0, 0] });
    await using file = await openTorchFile(write("pytorch_model.bin", archive(dictOf("w", huge))));
    await expect(file.readInto("w", new Float32Array(4))).rejects.toThrow(/ERR_TENSOR_SHAPE/);
  });
});

describe("zip files that lie", () => {
  const pickle = dictOf("w", tensor());
  const entry = { name: "archive/data.pkl", data: pickle };
  const storage = { name: "archive/data/0", data: Buffer.from(Float32Array.of(1, 2, 3, 4).buffer) };

  test.each([
    [
      "a bomb: bytes that would inflate",
      zip([entry, { ...storage, method: 8, claimedBytes: 0xfffffffe }]),
      '"archive/data/0" is compressed: 16 bytes that would become 4294967294',
    ],
    [
      "a stored entry of two sizes",
      zip([entry, { ...storage, claimedBytes: 1000 }]),
      "16 bytes that would become 1000",
    ],
    [
      "entries that lie in one place",
      zip([
        entry,
        storage,
        {
          ...storage,
          name: "archive/data/1",
          localName: "archive/data/0",
          claimedPlace: 30 + 16 + pickle.length,
        },
      ]),
      "overlaps",
    ],
    ["two entries of one name", zip([entry, storage, storage]), '"archive/data/0" twice'],
    [
      "an entry of another name where it lies",
      zip([entry, { ...storage, localName: "archive/data/9" }]),
      'is called "archive/data/9" where it lies',
    ],
    ["an encrypted entry", zip([entry, { ...storage, flags: 1 }]), '"archive/data/0" is encrypted'],
    [
      "an entry where none begins",
      zip([entry, { ...storage, claimedPlace: 47 + pickle.length }]),
      '"archive/data/0" does not begin at',
    ],
  ])("%s", async (_, file, found) => {
    const message = await refusal(file);
    expect(message).toMatch(/^ERR_CHECKPOINT_FORMAT: /);
    expect(message).toContain(found);
  });

  test("sizes and places in 64 bits are read where they are used", async () => {
    const file = zip([entry, storage], { zip64: true });
    await using open = await openTorchFile(write("pytorch_model.bin", file));
    expect(await readAll(open)).toEqual({ w: storage.data.toString("hex") });
    const cut = Buffer.from(file);
    cut.write("XX", cut.lastIndexOf("PK\u0006\u0006"));
    expect(await refusal(cut)).toMatch(/^ERR_CHECKPOINT_FORMAT: .*zip64 directory does not end at/);
    expect(await refusal(zip([{ ...entry, claimedPlace: 2 ** 31 }, storage], { zip64: true }))).toMatch(
      /^ERR_CHECKPOINT_TRUNCATED/,
    );
  });

  test("an entry that reaches beyond the file, and a directory that does", async () => {
    expect(await refusal(zip([entry, { ...storage, claimedPlace: 0x7fffffff }]))).toMatch(
      /^ERR_CHECKPOINT_TRUNCATED/,
    );
    const file = zip([entry, storage]);
    file.writeUInt32LE(0x7fffffff, file.length - 6);
    expect(await refusal(file)).toMatch(/^ERR_CHECKPOINT_FORMAT: .*its directory.*reaches beyond its end/);
    const many = zip([entry, storage]);
    many.writeUInt16LE(0xffff, many.length - 12);
    expect(await refusal(many)).toMatch(/^ERR_CHECKPOINT_FORMAT: .*no entry 2 of 65535/);
  });

  test("bytes that are not those written", async () => {
    const file = readFileSync(fixture("bert.bin"));
    const place = file.indexOf(Buffer.from("bert/data/7")) + 200;
    file[place] ^= 0x10;
    await using open = await openTorchFile(write("pytorch_model.bin", file));
    expect(await messageOf(() => readAll(open))).toMatch(
      /^ERR_CHECKPOINT_CORRUPT: .*storage \d+, which holds "bert\.[^"]+", has another checksum/,
    );
  });
});

describe("what would take long or fill the memory is refused in a moment", () => {
  const within = async (file: Buffer, found: string) => {
    const start = process.cpuUsage(); // not the clock: other programs may be busy
    const before = process.memoryUsage().rss;
    expect(await refusal(file)).toContain(found);
    const { user, system } = process.cpuUsage(start);
    expect(user + system).toBeLessThan(8e6);
    expect(process.memoryUsage().rss - before).toBeLessThan(700e6);
  };

  test("three million lists", () =>
    within(archive(pickled(Buffer.alloc(3_000_000, "]"))), "more than 1000000 steps"));
  test("three million marks", () =>
    within(archive(pickled(Buffer.alloc(3_000_000, "("))), "more than 1000000 steps"));
  test("three million dicts, in the format before 1.6", () =>
    within(bytes(legacyStart, pickled(Buffer.alloc(3_000_000, "}"))), "more than 1000000 steps"));
  test("one list of 10,000 pairs that 3,000 dicts are made of", () => {
    const known = bytes(op.global("collections", "OrderedDict"), op.put(0));
    const pair = bytes(op.text("a"), op.text("b"), op.tuple2, op.put(1));
    const list = bytes(op.emptyList, op.mark, Buffer.alloc(20_000, op.get(1)), op.appends, op.put(2));
    const call = bytes(op.get(0), op.get(2), op.tuple1, op.reduce, op.pop);
    const file = pickled(known, pair, list, Buffer.alloc(3000 * call.length, call));
    return within(archive(file), "more than 1000000 steps");
  });
  test("a list inside a list 450,000 times", () =>
    within(
      archive(pickled(Buffer.alloc(450_000, "]"), Buffer.alloc(449_999, "a"))),
      "it holds a list, not tensors by name",
    ));
  test("lists that double through the memo", () => {
    const doubled = Array.from({ length: 60 }, (_, i) =>
      bytes(op.mark, op.get(i), op.get(i), op.tuple, op.put(i + 1)),
    );
    return within(
      archive(pickled(op.emptyList, op.put(0), ...doubled, op.tuple)),
      "goes back to a mark that is not there",
    );
  });
  test("a list that holds itself, for a state_dict", () =>
    within(archive(pickled(op.emptyList, op.put(0), op.get(0), op.append)), "it holds a list"));
  test("a pickle of 70 MB", () =>
    within(archive(pickled("B", [0, 0, 0, 4], Buffer.alloc(2 ** 26), op.stop)), '"archive/data.pkl" has'));
  test("a storage told of 20,000 times", () => {
    const id = bytes(storageId("FloatStorage", "0", 4), op.binPersId);
    const all = Array.from({ length: 20_000 }, (_, i) => bytes(op.text(String(i)), id, op.setItem));
    return within(legacy(pickled(op.emptyDict, ...all)), "it holds no tensors by name");
  });
});

test("a long pickle in the format before 1.6 is read to its end", async () => {
  const note = "n".repeat(3_000_000);
  const pickle = pickled(
    op.emptyDict,
    op.text("note"),
    op.text(note),
    op.setItem,
    op.text("w"),
    tensor(),
    op.setItem,
  );
  await using file = await openTorchFile(write("pytorch_model.bin", legacy(pickle)));
  expect([...file.tensors.keys()]).toEqual(["w"]);
  expect(file.ignored).toEqual([{ name: "note", why: "is a string, no tensor" }]);
});

test("a great many things beside a state_dict are told all the same", async () => {
  const notes = Array.from({ length: 150_000 }, (_, i) => bytes(op.text(String(i)), op.none, op.setItem));
  const inner = bytes(op.emptyDict, op.text("w"), tensor(), op.setItem);
  const pickle = pickled(op.emptyDict, Buffer.concat(notes), op.text("state_dict"), inner, op.setItem);
  await using file = await openTorchFile(write("pytorch_model.bin", archive(pickle)));
  expect([...file.tensors.keys()]).toEqual(["w"]);
  expect(file.ignored).toHaveLength(150_000);
});

describe("any damage ends in an error, or in the same tensors", () => {
  test.each([
    ["views.torch-2.13.0.bin", true],
    ["bert.bin", true],
    ["views.legacy.bin", false],
    ["views.no-checksums.bin", false],
  ])("%s (with checksums: %s)", async (name, checksums) => {
    const whole = readFileSync(fixture(name));
    const outcome = async () => {
      await using file = await openTorchFile(write("pytorch_model.bin", Buffer.from(current)));
      return await readAll(file);
    };
    let current: Buffer = whole;
    const expected = await outcome();
    await fc.assert(
      fc.asyncProperty(damaged(whole), async (file) => {
        current = file;
        try {
          const found = await outcome();
          // without checksums a number can change unseen, though never the reading of it
          if (checksums) expect(found).toEqual(expected);
        } catch (error) {
          expect(String(error)).toMatch(/ERR_(CHECKPOINT|PICKLE|TENSOR)_/);
        }
      }),
      { numRuns: 200 },
    );
  });
});

/** Bits by tensor, of those that weights can be. */
async function readAll(file: StoredWeights): Promise<Record<string, string>> {
  const all: Record<string, string> = {};
  for (const [name, { shape, dtype }] of file.tensors) {
    if (countElements(shape) > 1e6)
      throw new Error(`ERR_TENSOR_SHAPE: ${name} of the test is ${shape.join()}`);
    const target = new Float32Array(countElements(shape));
    if (!dtype.startsWith("F") && dtype !== "BF16") continue;
    await file.readInto(name, target);
    all[name] = Buffer.from(target.buffer).toString("hex");
  }
  return all;
}
