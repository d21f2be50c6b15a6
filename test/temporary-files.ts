/** What tests of readers need: a folder that goes away after the test file, and a stream as an array. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll } from "vitest";

/** A fresh folder, and a function that writes a file into it (making sub-folders) and returns its path. */
export function temporaryFolder() {
  const folder = mkdtempSync(join(tmpdir(), "attune-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const write = (name: string, content: string | Uint8Array): string => {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    return path;
  };
  return { folder, write };
}

/** Everything a stream yields. (Array.fromAsync is not in Node 20.) */
export async function collect<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of stream) items.push(item);
  return items;
}
