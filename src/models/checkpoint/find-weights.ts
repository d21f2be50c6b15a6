/**
 * Which of a folder's files its weights are read from.
 *
 * In order of preference, as in transformers: safetensors, since it can hold nothing but tensors and is read fastest;
 * then PyTorch's files; then TensorFlow's. The first that is there is read, and if it is broken it is refused: another
 * file's weights need not be the same.
 */
import { openSafetensors } from "./safetensors.ts";
import { openSharded } from "./sharded.ts";
import type { StoredWeights } from "./stored-weights.ts";
import { openTensorFlowCheckpoint } from "./tensorflow/tensorflow-checkpoint.ts";
import { openTorchFile } from "./torch/torch-file.ts";

export interface FoundWeights {
  /** The file that is read first: the weights, or their index. */
  readonly name: string;
  readonly open: (path: string) => Promise<StoredWeights>;
  /** Weights in other files, which are not read. */
  readonly others: readonly string[];
}

type Open = FoundWeights["open"];

const formats: readonly (readonly [pattern: RegExp, open: Open])[] = [
  [/^model\.safetensors$/, openSafetensors],
  [/^model\.safetensors\.index\.json$/, (path) => openSharded(path, "safetensors, split", openSafetensors)],
  [/^pytorch_model\.bin$/, openTorchFile],
  [/^pytorch_model\.bin\.index\.json$/, (path) => openSharded(path, "PyTorch, split", openTorchFile)],
  [/^bert_model\.ckpt\.index$/, openTensorFlowCheckpoint],
  [/\.ckpt(-\d+)?\.index$/, openTensorFlowCheckpoint],
];

/** Files of other formats, or parts of one: told, since who looks for them must know that they are not read. */
const unread = /^tf_model\.h5$|^flax_model\.msgpack$|\.onnx$|^model\.ckpt$/;

/** The weights among a folder's files; undefined where there are none that can be read. */
export function findWeights(names: readonly string[]): FoundWeights | undefined {
  const ranked = formats.flatMap(([pattern, open]) =>
    // of several steps of a training run in TensorFlow the last
    names
      .filter((name) => pattern.test(name))
      .sort((a, b) => stepOf(b) - stepOf(a))
      .map((name) => ({ name, open })),
  );
  const [first, ...rest] = ranked;
  if (first === undefined) return undefined;
  const others = new Set([...rest.map(({ name }) => name), ...names.filter((name) => unread.test(name))]);
  others.delete(first.name);
  return { ...first, others: [...others] };
}

/** The step in `model.ckpt-1000.index`; 0 where the name has none. */
function stepOf(name: string): number {
  return Number(/-(\d+)\.index$/.exec(name)?.[1] ?? 0);
}
