/**
 * Whether a file is what its ETag says, read back from the disk.
 *
 * A large file's ETag is the SHA-256 of its bytes (git-lfs), a small one's git's blob id: the SHA-1 of "blob SIZE\0" and
 * the bytes; some mirrors give the SHA-1 of the bytes alone. Any other ETag says nothing that could be checked.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";

/** What is wrong with a file, or undefined. */
export async function contentFault(
  path: string,
  { etag, size }: { readonly etag: string; readonly size: number | undefined },
  signal?: AbortSignal,
): Promise<string | undefined> {
  const { size: bytes } = await stat(path);
  if (size !== undefined && bytes !== size) return `it has ${bytes} bytes, not ${size}`;
  const kind = checksumKind(etag);
  if (kind === undefined) return undefined;
  const hashes =
    kind === "sha256"
      ? [createHash("sha256")]
      : [createHash("sha1").update(`blob ${bytes}\0`), createHash("sha1")];
  const chunks: AsyncIterable<Buffer> = createReadStream(path, { highWaterMark: 1 << 20, signal });
  for await (const chunk of chunks) for (const hash of hashes) hash.update(chunk);
  const [first, ...rest] = hashes.map((hash) => hash.digest("hex"));
  return [first, ...rest].includes(etag) ? undefined : `its ${kind} is ${first}, not ${etag}`;
}

/** Which checksum an ETag is; undefined where it is none. */
export function checksumKind(etag: string): "sha256" | "sha1" | undefined {
  if (/^[0-9a-f]{64}$/.test(etag)) return "sha256";
  return /^[0-9a-f]{40}$/.test(etag) ? "sha1" : undefined;
}
