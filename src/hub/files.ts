/**
 * Which files of a repository a model needs: configuration, tokenizer, one set of weights. Never everything: many
 * repositories hold the same weights for four frameworks.
 */

/** What chooseFiles finds. */
export interface FileChoice {
  /** Configuration and tokenizer. */
  readonly small: readonly string[];
  /** The weights, or the index that names them; undefined where there are none that we read. */
  readonly weights: WeightFiles | undefined;
}

export interface WeightFiles {
  readonly files: readonly string[];
  /** The index of split weights: its shards are to be read from it (shardsOf) and fetched too. */
  readonly index?: string;
}

const smallFiles: readonly string[] = [
  "config.json",
  "bert_config.json",
  "attune.json",
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "added_tokens.json",
  "vocab.txt",
  "vocab.json",
  "merges.txt",
  "tokenizer.model",
  "spiece.model",
  "sentencepiece.model",
  "sentencepiece.bpe.model",
  "unigram.json",
];

/** Whole weights and, where they are split, their index; the first that is there is taken. */
const wholeOrSplit: readonly (readonly [whole: string, index: string])[] = [
  ["model.safetensors", "model.safetensors.index.json"],
  ["pytorch_model.bin", "pytorch_model.bin.index.json"],
];

/** Every name that could be asked for, whatever a repository holds; shards and TensorFlow's parts aside. */
export const wantedNames: readonly string[] = smallFiles;

/** @param names the files of a repository or folder, with forward slashes */
export function chooseFiles(names: Iterable<string>): FileChoice {
  const there = new Set(names);
  return { small: smallFiles.filter((name) => there.has(name)), weights: chooseWeights(there) };
}

function chooseWeights(there: ReadonlySet<string>): WeightFiles | undefined {
  for (const [whole, index] of wholeOrSplit) {
    if (there.has(whole)) return { files: [whole] };
    if (there.has(index)) return { files: [index], index };
  }
  return tensorFlowParts(there);
}

/** NAME.ckpt.index with its NAME.ckpt.data-00000-of-00001, as Google published BERT. */
function tensorFlowParts(there: ReadonlySet<string>): WeightFiles | undefined {
  const index = [...there].sort().find((name) => /^[\w.-]+\.ckpt(-\d+)?\.index$/.test(name));
  if (index === undefined) return undefined;
  const data = `${index.slice(0, -"index".length)}data-`;
  const parts = [...there].filter((name) => name.startsWith(data) && isPlainName(name)).sort();
  return parts.length === 0 ? undefined : { files: [index, ...parts] };
}

/**
 * The shards that an index names, or undefined where it is no index. Names with a folder in them are refused with it:
 * they could lead out of the cache.
 */
export function shardsOf(indexText: string): readonly string[] | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(indexText);
  } catch {
    return undefined;
  }
  if (typeof parsed !== "object" || parsed === null || !("weight_map" in parsed)) return undefined;
  const map = parsed.weight_map;
  if (typeof map !== "object" || map === null) return undefined;
  const names: unknown[] = [...new Set<unknown>(Object.values(map))];
  const shards = names.filter((name): name is string => typeof name === "string" && isPlainName(name));
  return shards.length === names.length && shards.length > 0 ? shards.sort() : undefined;
}

/** A file's name and nothing else: no folder, no "..", nothing hidden. */
export function isPlainName(name: string): boolean {
  return /^\w[\w.-]*$/.test(name) && name.length <= 200;
}
