/**
 * Saving what was learned, as safetensors: the length of a JSON header (8 bytes), the header, then plain numbers.
 *
 * One file with the alphabet among its metadata; Python's `safetensors` reads it, too. Reads float32 alone, and only
 * what `save` wrote: it checks the layout, not the origin.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { State } from "attune/nn";
import { z } from "zod";
import { Characters } from "./characters.ts";
import type { Learned } from "./normalizer.ts";

const Metadata = z.object({ alphabet: z.string() });
const Entry = z.object({
  dtype: z.literal("F32"),
  shape: z.array(z.int().nonnegative()),
  data_offsets: z.tuple([z.int(), z.int()]),
});
const Header = z.object({ __metadata__: Metadata }).catchall(Entry);

const LENGTH_BYTES = 8;

/** Where train.ts leaves its model, seen from the repository's root. */
export const MODEL_FILE = "runs/dates/model.safetensors";

export async function save({ characters, state }: Learned, file: string): Promise<void> {
  let offset = 0;
  const entries = [...state].map(([name, { shape, data }]) => {
    const data_offsets = [offset, (offset += data.byteLength)];
    return [name, { dtype: "F32", shape, data_offsets }] as const;
  });
  const header = { __metadata__: { alphabet: characters.alphabet }, ...Object.fromEntries(entries) };
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeBigUInt64LE(BigInt(json.length));
  const numbers = [...state.values()].map(({ data }) =>
    Buffer.from(data.buffer, data.byteOffset, data.byteLength),
  );
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, Buffer.concat([length, json, ...numbers]));
}

export async function load(file: string): Promise<Learned> {
  const bytes = await readFile(file);
  const start = LENGTH_BYTES + Number(bytes.readBigUInt64LE());
  const json: unknown = JSON.parse(bytes.toString("utf8", LENGTH_BYTES, start));
  const { __metadata__, ...entries } = Header.parse(json);
  const state: State = new Map(
    Object.entries(entries).map(
      ([
        name,
        {
          shape,
          data_offsets: [from, to],
        },
      ]) => {
        const data = new Float32Array(Uint8Array.from(bytes.subarray(start + from, start + to)).buffer);
        return [name, { dtype: "float32", shape, data }];
      },
    ),
  );
  return { characters: new Characters([__metadata__.alphabet]), state };
}
