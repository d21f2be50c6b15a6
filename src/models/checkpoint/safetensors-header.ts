/**
 * The header of a safetensors file: a JSON object from tensor names to type, shape and place.
 *
 * Source: the format's published description (https://github.com/huggingface/safetensors, "Format"): 8 bytes of header
 * length N, little-endian; N bytes of JSON in UTF-8 that begin with "{" and may end in spaces; then the data, which the
 * tensors cover completely, without gaps or overlaps. N is at most 100,000,000 as in the reference implementation.
 *
 * Trusts nothing that it reads. Does not touch files or tensor values.
 */
import { AttuneError } from "../../base/errors.ts";
import { duplicateKey } from "./json-keys.ts";
import { truncated } from "./open-file.ts";
import {
  bytesPerElement,
  isSafetensorsDtype,
  safetensorsDtypes,
  type SafetensorsDtype,
} from "./safetensors-dtype.ts";

/** Bytes before the JSON. */
export const LENGTH_BYTES = 8;
const MAX_HEADER_BYTES = 100_000_000;
const METADATA = "__metadata__";
/** Characters of a value that a message shows. */
const MAX_SHOWN = 200;

/** One tensor's type, shape and place in the file. */
export interface TensorInfo {
  readonly dtype: SafetensorsDtype;
  /** Row-major; `[]` is a scalar. */
  readonly shape: readonly number[];
  /** Bytes from the start of the file. */
  readonly byteOffset: number;
  readonly byteLength: number;
}

export interface Header {
  /** In the order of their data. */
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** What the header says of a tensor that is to be written. */
export interface TensorLayout {
  readonly name: string;
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
}

/**
 * The length of the JSON, from the first 8 bytes of a file.
 *
 * @param fileBytes size of the whole file
 * @throws AttuneError ERR_CHECKPOINT_TRUNCATED, ERR_CHECKPOINT_FORMAT
 */
export function readHeaderLength(start: Uint8Array, fileBytes: number, path: string): number {
  if (fileBytes < LENGTH_BYTES) throw truncated(LENGTH_BYTES, fileBytes, path);
  if (new TextDecoder().decode(start) === "version ") {
    throw malformed("it begins like a Git LFS pointer", path, "fetch the file itself: git lfs pull");
  }
  const length = new DataView(start.buffer, start.byteOffset, LENGTH_BYTES).getBigUint64(0, true);
  if (length > MAX_HEADER_BYTES)
    throw malformed(`its header has ${length} bytes, above the limit of ${MAX_HEADER_BYTES}`, path);
  const end = LENGTH_BYTES + Number(length);
  if (end > fileBytes) throw truncated(end, fileBytes, path);
  return Number(length);
}

/**
 * Reads and checks the JSON.
 *
 * @param json the bytes after the first 8
 * @param fileBytes size of the whole file
 * @throws AttuneError ERR_CHECKPOINT_TRUNCATED, ERR_CHECKPOINT_FORMAT, ERR_CHECKPOINT_DTYPE
 */
export function parseHeader(json: Uint8Array, fileBytes: number, path: string): Header {
  const { [METADATA]: metadata = {}, ...entries } = parseJson(json, path);
  if (!isObject(metadata) || !isStringMap(metadata)) {
    throw malformed(`${METADATA} is not a map from text to text`, path);
  }
  const dataStart = LENGTH_BYTES + json.byteLength;
  const tensors = Object.entries(entries).map(([name, entry]) => ({
    name,
    ...parseEntry(name, entry, path),
  }));
  tensors.sort((a, b) => a.begin - b.begin || a.end - b.end);
  const byName = new Map<string, TensorInfo>();
  let covered = 0;
  for (const { name, dtype, shape, begin, end } of tensors) {
    if (begin !== covered) {
      throw malformed(
        `"${name}" begins at byte ${begin} of the data, where the one before ends at ${covered}: ` +
          `tensors must not ${begin < covered ? "overlap" : "leave gaps"}`,
        path,
      );
    }
    byName.set(name, { dtype, shape, byteOffset: dataStart + begin, byteLength: end - begin });
    covered = end;
  }
  const expectedBytes = dataStart + covered;
  if (expectedBytes > fileBytes) throw truncated(expectedBytes, fileBytes, path);
  if (expectedBytes < fileBytes)
    throw malformed(`${fileBytes - expectedBytes} bytes follow the last tensor`, path);
  return { tensors: byName, metadata };
}

/**
 * The length and the JSON, padded with spaces so that the data begins at a multiple of 8 bytes.
 *
 * @param tensors in the order of their data; names differ
 * @throws AttuneError ERR_CHECKPOINT_FORMAT where the header would be longer than readers accept
 */
export function formatHeader(
  tensors: readonly TensorLayout[],
  metadata: Readonly<Record<string, string>>,
  path: string,
): Uint8Array {
  // Put together by hand: an object would move keys that look like numbers to the front, and lose "__proto__".
  const entries =
    Object.keys(metadata).length === 0 ? [] : [`${JSON.stringify(METADATA)}:${JSON.stringify(metadata)}`];
  let begin = 0;
  for (const { name, dtype, shape } of tensors) {
    const end = begin + countElements(shape) * bytesPerElement(dtype);
    entries.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [begin, end] })}`);
    begin = end;
  }
  const json = new TextEncoder().encode(`{${entries.join(",")}}`);
  const length = Math.ceil(json.byteLength / 8) * 8;
  if (length > MAX_HEADER_BYTES)
    throw malformed(`its header would have ${length} bytes, above the limit of ${MAX_HEADER_BYTES}`, path);
  const bytes = new Uint8Array(LENGTH_BYTES + length).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(json, LENGTH_BYTES);
  return bytes;
}

/** Elements of a tensor: 1 for a scalar. */
export function countElements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

function malformed(found: string, path: string, next = "write or download it again"): AttuneError {
  return new AttuneError("ERR_CHECKPOINT_FORMAT", {
    rule: "the weight file must be in safetensors format",
    found,
    next,
    file: path,
  });
}

function parseJson(bytes: Uint8Array, path: string): Record<string, unknown> {
  const text = decodeUtf8(bytes, path);
  if (!text.startsWith("{")) throw malformed('its header does not begin with "{"', path);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw malformed(
      `its header is not JSON: ${error instanceof Error ? error.message : String(error)}`,
      path,
    );
  }
  const duplicate = duplicateKey(text, value);
  if (duplicate !== undefined) throw malformed(`its header has "${duplicate}" twice`, path);
  if (!isObject(value)) throw malformed("its header is not an object", path);
  return value;
}

function decodeUtf8(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw malformed("its header is not UTF-8", path);
  }
}

function parseEntry(name: string, entry: unknown, path: string) {
  const { dtype, shape, data_offsets: offsets, ...others } = isObject(entry) ? entry : {};
  if (!isSizes(shape) || !isSizes(offsets) || offsets.length !== 2 || Object.keys(others).length > 0) {
    throw malformed(
      `"${name}" is not described by dtype, shape and data_offsets alone: ${show(entry)}`,
      path,
    );
  }
  if (!isSafetensorsDtype(dtype)) {
    throw new AttuneError("ERR_CHECKPOINT_DTYPE", {
      rule: `tensors must be of a type that can be read: ${safetensorsDtypes.join(", ")}`,
      found: `"${name}" is ${show(dtype)}`,
      next: "convert the checkpoint to F32 first",
      file: path,
    });
  }
  const [begin, end] = offsets;
  const bytes = countElements(shape) * bytesPerElement(dtype);
  // A product that overflowed is above 2^53, which no difference of two exact counts is.
  if (end - begin !== bytes) {
    throw malformed(
      `"${name}" is ${dtype} [${shape.join(", ")}], ${bytes} bytes, but lies at ${begin} to ${end}`,
      path,
    );
  }
  return { dtype, shape, begin, end };
}

/** A value for a message: its beginning, since a file may hold anything of any size and depth. */
function show(value: unknown): string {
  try {
    const text = String(JSON.stringify(value)); // undefined for what is absent
    return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}...` : text;
  } catch {
    return "something nested too deep to show";
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isStringMap(value: Record<string, unknown>): value is Record<string, string> {
  return Object.values(value).every((text) => typeof text === "string");
}

/** Counts as JSON has them: neither negative nor fractional, and exact as numbers. */
function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}
