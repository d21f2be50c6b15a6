/**
 * A pre-trained folder as the built-in model: the same files, weights in half precision.
 *
 *     node --import ./scripts/typescript.js scripts/builtin-model/pack.ts RUN models/attune-zh-en-mini
 *
 * RUN is what `attune pretrain` wrote. The card (README.md) of the target is kept: it is written by hand.
 */
import { copyFile, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  encodeSafetensors,
  type NamedTensor,
  openSafetensors,
  writeFileAtomic,
} from "../../src/models/checkpoint/index.ts";
import { narrowToFloat16 } from "../../src/models/checkpoint/half.ts";

const [run, out] = process.argv.slice(2);
if (run === undefined || out === undefined) {
  console.error("usage: pack.ts RUN OUT");
  process.exit(2);
}

await mkdir(out, { recursive: true });
for (const name of ["vocab.txt", "tokenizer_config.json", "special_tokens_map.json", "attune.json"])
  await copyFile(join(run, name), join(out, name));
const config = JSON.parse(await readFile(join(run, "config.json"), "utf8"));
await writeFileAtomic(
  join(out, "config.json"),
  `${JSON.stringify({ ...config, torch_dtype: "float16" }, null, 2)}\n`,
);
const source = await openSafetensors(join(run, "model.safetensors"));
const tensors: NamedTensor[] = [];
for (const [name, { shape }] of source.tensors) {
  const data = await source.read(name);
  if (!(data instanceof Float32Array)) throw new TypeError(`${name} is not float32`);
  tensors.push({ name, shape, data: narrowToFloat16(data), dtype: "F16" });
}
await source.close();
const target = join(out, "model.safetensors");
await writeFileAtomic(target, encodeSafetensors(tensors, { format: "pt" }, target));
