/** Whether the bytes of an entry are those that were written: CRC-32 as in zip files. */
import { crc32 } from "node:zlib";
import { AttuneError } from "../../../base/errors.ts";
import type { OpenFile } from "../open-file.ts";
import type { ZipEntry } from "./zip.ts";

/** Bytes that are read at once. */
const CHUNK_BYTES = 4 * 2 ** 20;

/** @throws AttuneError ERR_CHECKPOINT_CORRUPT where the bytes are not those that were written */
export async function checkSum(file: OpenFile, entry: ZipEntry, what: string): Promise<void> {
  if (entry.crc32 === 0) return; // torch.save can be told to leave it out
  let sum = 0;
  const chunk = new Uint8Array(Math.min(CHUNK_BYTES, entry.byteLength));
  for (let at = 0; at < entry.byteLength; at += CHUNK_BYTES) {
    const piece = chunk.subarray(0, Math.min(CHUNK_BYTES, entry.byteLength - at));
    await file.read(entry.position + at, piece);
    sum = crc32(piece, sum);
  }
  if (sum === entry.crc32) return;
  throw new AttuneError("ERR_CHECKPOINT_CORRUPT", {
    rule: "the bytes of a weight file must be those that were written",
    found: `${what} has another checksum`,
    next: "download or copy it again",
    file: file.path,
  });
}
