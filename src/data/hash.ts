/** SHA-256 of a source, to tell whether data changed between two runs. */
import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { listFolder } from "./folder.ts";
import { readBytes } from "./source.ts";

/** In hexadecimal: of the bytes on disk (as `sha256sum` prints), or of the names and hashes in a folder. */
export async function hashSource(path: string): Promise<string> {
  if (!(await stat(path)).isDirectory()) return hashFile(path);
  const hash = createHash("sha256");
  for (const file of await listFolder(path))
    hash.update(`${await hashFile(join(path, file.path))}  ${file.path}\n`);
  return hash.digest("hex");
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of readBytes({ path, gzip: false })) hash.update(chunk);
  return hash.digest("hex");
}
