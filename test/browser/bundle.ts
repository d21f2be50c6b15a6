/** Bundles for a browser, as a page's author would: with Rolldown, in memory. */
import { fileURLToPath } from "node:url";
import type { OutputChunk } from "rolldown";
import { rolldown } from "rolldown";

export const root = fileURLToPath(new URL("../..", import.meta.url));

export interface BundleOptions {
  /** Entries by name, paths from the repository's root. */
  readonly entries: Readonly<Record<string, string>>;
  /** Default false. */
  readonly minify?: boolean;
  /** Packages that the bundle leaves out. Default none. */
  readonly external?: readonly RegExp[];
}

/** The bundle's files. @throws where an import is not found or a file asks for a module of Node. */
export async function bundle({
  entries,
  minify = false,
  external = [],
}: BundleOptions): Promise<OutputChunk[]> {
  const built = await rolldown({
    cwd: root,
    input: { ...entries },
    platform: "browser",
    external: [...external],
    onLog(_level, log) {
      throw new Error(log.message);
    },
  });
  try {
    const { output } = await built.generate({ format: "esm", minify });
    return output.filter((file) => file.type === "chunk");
  } finally {
    await built.close();
  }
}
