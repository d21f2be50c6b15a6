import { expect, test } from "vitest";
import { formatHeader, parseHeader, readHeaderLength } from "./safetensors-header.ts";

const encoder = new TextEncoder();

/** What comes of a header, with `dataBytes` of data behind it. */
function parse(json: string | Uint8Array, dataBytes: number) {
  const bytes = typeof json === "string" ? encoder.encode(json) : json;
  return parseHeader(bytes, 8 + bytes.byteLength + dataBytes, "x.safetensors");
}

function length(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value, true);
  return bytes;
}

const w = '"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}';

test("tensors come in the order of their data, whatever the order of the keys", () => {
  const { tensors, metadata } = parse(
    `{ "b" : {"data_offsets":[4,12],"shape":[4,1],"dtype":"F16"}, "__metadata__":{"format":"pt"},
       "2":{"dtype":"I64","shape":[],"data_offsets":[12,20]}, "none":{"dtype":"U8","shape":[3,0],"data_offsets":[4,4]},
       "a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}     `,
    20,
  );
  expect(
    [...tensors].map(([name, { dtype, shape, byteLength }]) => [name, dtype, shape, byteLength]),
  ).toEqual([
    ["a", "F32", [1], 4],
    ["none", "U8", [3, 0], 0],
    ["b", "F16", [4, 1], 8],
    ["2", "I64", [], 8],
  ]);
  expect(metadata).toEqual({ format: "pt" });
});

test("no tensors at all are a file too", () => {
  expect(parse("{}", 0).tensors.size).toBe(0);
});

test("what is written is what the format's description says, byte by byte", () => {
  const layout = [{ name: "w", dtype: "F32", shape: [2] }] as const;
  const json = `{"__metadata__":{"format":"pt"},${w}}`;
  expect(json.length % 8).not.toBe(0);
  const padded = json.padEnd(Math.ceil(json.length / 8) * 8);
  const expected = [padded.length, 0, 0, 0, 0, 0, 0, 0, ...encoder.encode(padded)];
  expect([...formatHeader(layout, { format: "pt" }, "x.safetensors")]).toEqual(expected);
});

test.each([
  ["an empty header", "", 0, 'does not begin with "{"'],
  ["space before the header", ` {${w}}`, 8, 'does not begin with "{"'],
  ["a byte order mark", `\uFEFF{${w}}`, 8, 'does not begin with "{"'],
  ["an array", `[${w}]`, 8, 'does not begin with "{"'],
  ["JSON cut short", `{${w}`, 8, "is not JSON"],
  ["bytes after the JSON", `{${w}}\0`, 8, "is not JSON"],
  ["invalid UTF-8", Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d), 0, "is not UTF-8"],
  ["a tensor twice", `{${w},${w}}`, 8, 'has "w" twice'],
  [
    "a tensor twice, spaced out",
    `{${w},"w" \n\t: {"dtype":"F32","shape":[0],"data_offsets":[8,8]}}`,
    8,
    'has "w" twice',
  ],
  [
    "a tensor twice, escaped",
    `{${w},"\\u0077":{"dtype":"F32","shape":[0],"data_offsets":[8,8]}}`,
    8,
    'has "w" twice',
  ],
  [
    "a key within a tensor twice",
    '{"w":{"dtype":"F32","dtype":"U8","shape":[2],"data_offsets":[0,2]}}',
    2,
    "twice",
  ],
  [
    "metadata that is no text",
    `{"__metadata__":{"n":1},${w}}`,
    8,
    "__metadata__ is not a map from text to text",
  ],
  [
    "metadata that is a list",
    `{"__metadata__":["a"],${w}}`,
    8,
    "__metadata__ is not a map from text to text",
  ],
  ["a tensor that is null", '{"w":null}', 0, '"w" is not described by'],
  ["a tensor without a type", '{"w":{"shape":[2],"data_offsets":[0,8]}}', 8, '"w" is undefined'],
  [
    "a negative size",
    '{"w":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}',
    8,
    '"w" is not described by',
  ],
  [
    "negative sizes that cancel",
    '{"w":{"dtype":"F32","shape":[-1,-2],"data_offsets":[0,8]}}',
    8,
    '"w" is not described',
  ],
  [
    "a fractional size",
    '{"w":{"dtype":"F32","shape":[0.5,4],"data_offsets":[0,8]}}',
    8,
    '"w" is not described by',
  ],
  [
    "a size that is null",
    '{"w":{"dtype":"F32","shape":[null],"data_offsets":[0,8]}}',
    8,
    '"w" is not described by',
  ],
  [
    "a size that is text",
    '{"w":{"dtype":"F32","shape":["2"],"data_offsets":[0,8]}}',
    8,
    '"w" is not described by',
  ],
  [
    "an infinite size",
    '{"w":{"dtype":"F32","shape":[1e999],"data_offsets":[0,8]}}',
    8,
    '"w" is not described by',
  ],
  ["NaN", '{"w":{"dtype":"F32","shape":[NaN],"data_offsets":[0,8]}}', 8, "is not JSON"],
  [
    "sizes that overflow",
    '{"w":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}',
    0,
    "but lies at",
  ],
  [
    "a negative offset",
    '{"w":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}',
    0,
    '"w" is not described by',
  ],
  ["one offset", '{"w":{"dtype":"F32","shape":[2],"data_offsets":[8]}}', 8, '"w" is not described by'],
  [
    "an offset above 2^53",
    '{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,18446744073709551615]}}',
    8,
    '"w" is not',
  ],
  [
    "offsets that run backwards",
    '{"w":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}',
    8,
    "but lies at 8 to 0",
  ],
  [
    "a size that is not the shape's",
    '{"w":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}',
    8,
    "12 bytes, but lies at 0",
  ],
  ["a key nobody knows", '{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"strides":[1]}}', 8, "alone"],
  [
    "overlapping tensors",
    `{${w},"v":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}`,
    12,
    "must not overlap",
  ],
  [
    "tensors in one place",
    `{${w},"v":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`,
    8,
    "must not overlap",
  ],
  [
    "an empty tensor inside another",
    `{${w},"v":{"dtype":"F32","shape":[0],"data_offsets":[4,4]}}`,
    8,
    "must not overlap",
  ],
  ["a gap", `{${w},"v":{"dtype":"F32","shape":[1],"data_offsets":[12,16]}}`, 16, "must not leave gaps"],
  [
    "a gap at the start",
    '{"w":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}',
    12,
    "must not leave gaps",
  ],
  ["data that nothing covers", `{${w}}`, 9, "1 bytes follow the last tensor"],
])("refuses %s", (_, json, dataBytes, message) => {
  expect(() => parse(json, dataBytes)).toThrow(/ERR_CHECKPOINT_(FORMAT|DTYPE)/);
  expect(() => parse(json, dataBytes)).toThrow(message);
});

test("refuses types it cannot read, by name", () => {
  expect(() => parse('{"w":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2]}}', 2)).toThrow(
    /ERR_CHECKPOINT_DTYPE: .*U8, BOOL, .*F64; "w" is "F8_E4M3" \(x\.safetensors\); convert/,
  );
});

test("refuses a header length that cannot be", () => {
  expect(() => readHeaderLength(length(2n ** 64n - 1n), 1e9, "x")).toThrow(
    "18446744073709551615 bytes, above the limit",
  );
  expect(() => readHeaderLength(length(100_000_001n), 1e9, "x")).toThrow("above the limit of 100000000");
  expect(readHeaderLength(length(100_000_000n), 1e9, "x")).toBe(1e8);
  expect(() => readHeaderLength(length(93n), 100, "x")).toThrow("at least 101; found 100");
});

test("knows a Git LFS pointer", () => {
  const start = encoder.encode("version https://git-lfs.github.com/spec/v1").subarray(0, 8);
  expect(() => readHeaderLength(start, 134, "x")).toThrow("git lfs pull");
});

test("refuses to write a header that nobody would read", () => {
  const layout = [{ name: "w".repeat(100_000_000), dtype: "F32", shape: [1] }] as const;
  expect(() => formatHeader(layout, {}, "x")).toThrow("above the limit of 100000000");
});

test("refuses a header nested 100,000 deep as any other", () => {
  const deep = `{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
  expect(() => parseHeader(new TextEncoder().encode(deep), 8 + deep.length, "x")).toThrow(
    /ERR_CHECKPOINT_FORMAT/,
  );
});
