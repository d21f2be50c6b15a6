/** SHA-256 of a source, to tell whether data changed between two runs. */
import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { inHandfuls, listFolder } from "./folder.ts";
import { readBytes } from "./source.ts";

/**
 * In hexadecimal: of the bytes on disk (as `sha256sum` prints), or of the names and hashes in a folder.
 *
 * @param onChunk called as parts of a file have been read; may throw to stop
 */
export async function hashSource(path: string, onChunk: () => void = () => {}): Promise<string> {
  const hash = createHash("sha256");
  if ((await stat(path)).isDirectory()) {
    for (const files of inHandfuls(await listFolder(path))) {
      const contents = await Promise.all(files.map((file) => readFile(join(path, file.path))));
      contents.forEach((bytes, i) =>
        hash.update(`${createHash("sha256").update(bytes).digest("hex")}  ${files[i].path}\n`),
      );
    }
  } else {
    for await (const chunk of readBytes({ path, gzip: false })) {
      hash.update(chunk);
      onChunk();
    }
  }
  return hash.digest("hex");
}
