/** PyTorch's format since 1.6: a zip file with a pickle and one entry for each storage. See torch-file.ts. */
import type { OpenFile } from "../open-file.ts";
import { PickleEnds } from "./pickle-cursor.ts";
import { malformedTorch } from "./pickle-errors.ts";
import { stateDict } from "./state-dict.ts";
import { checkSum } from "./checksum.ts";
import type { TorchContent } from "./torch-file.ts";
import { torchWorld } from "./torch-world.ts";
import { MAX_PICKLE_BYTES, unpickle } from "./unpickler.ts";
import { readZip, type ZipEntry } from "./zip.ts";

const PICKLE = "/data.pkl";

export async function readArchive(file: OpenFile): Promise<TorchContent> {
  const { path } = file;
  const entries = await readZip(file);
  const pickles = [...entries.keys()].filter((name) => name.endsWith(PICKLE));
  const root = pickles[0]?.slice(0, -PICKLE.length);
  if (pickles.length !== 1)
    throw malformedTorch(`it is a zip file with ${pickles.length} entries named data.pkl`, path);
  if (entries.has(`${root}/constants.pkl`))
    throw malformedTorch(
      "it is a TorchScript program",
      path,
      "save its weights: torch.save(model.state_dict(), FILE)",
    );
  await checkByteOrder(file, entries.get(`${root}/byteorder`));
  const bytes = await readEntry(file, pickles[0], entries.get(pickles[0]));
  const prefix = `${root}/data/`;
  const storages = [...entries].filter(([name]) => name.startsWith(prefix));
  return {
    format: "PyTorch",
    ...stateDict(unpickleAll(bytes, path), path),
    storages: new Map(storages.map(([name, entry]) => [name.slice(prefix.length), entry])),
  };
}

async function readEntry(file: OpenFile, name: string, entry: ZipEntry | undefined): Promise<Uint8Array> {
  if (entry === undefined || entry.byteLength > MAX_PICKLE_BYTES)
    throw malformedTorch(`its entry "${name}" has ${entry?.byteLength ?? 0} bytes`, file.path);
  await checkSum(file, entry, `its entry "${name}"`);
  return file.bytes(entry.position, entry.byteLength);
}

function unpickleAll(bytes: Uint8Array, path: string) {
  try {
    return unpickle(bytes, 0, torchWorld(path), path).value;
  } catch (error) {
    if (error instanceof PickleEnds) throw malformedTorch("its pickle is cut short", path);
    throw error;
  }
}

async function checkByteOrder(file: OpenFile, entry: ZipEntry | undefined): Promise<void> {
  if (entry === undefined) return; // before 2.1 all files were little-endian
  const order = new TextDecoder().decode(await readEntry(file, "byteorder", entry));
  if (order === "little") return;
  throw malformedTorch(
    `its byte order is ${JSON.stringify(order.slice(0, 16))}`,
    file.path,
    "save it again on a little-endian machine, such as any x86 or ARM",
  );
}
