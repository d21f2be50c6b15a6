/**
 * The Transformer in a browser's worker, so that the page stays free: one layer used at once, then a model of one layer
 * that learns to find the largest of seven digits. Posts lines of text. serve.ts bundles it.
 *
 * Legend: s digits, b batch, d width.
 */
import type { HostTensor, State, Tensor } from "attune/nn";
import {
  crossEntropy,
  embedding,
  evaluate,
  fit,
  input,
  linear,
  linearWarmup,
  loadBackend,
  mean,
  Random,
  randn,
  reshape,
  Scope,
  TransformerEncoderLayer,
  transformerEncoderLayer,
  transformerLayerOptions,
} from "attune/nn";

const [s, b, d, steps] = [7, 32, 32, 300];
const layer = transformerLayerOptions("layer", { dModel: d, nHead: 2, dimFeedforward: 64, dropout: 0 });

/** Scores [b, 10] of the ten digits for each column of "digits" [s, b]. */
function scores(scope: Scope): Tensor {
  const digits = input("digits", "int32", [s, "b"]);
  const x = embedding(scope.at("digits"), digits, { numEmbeddings: 10, embeddingDim: d }); // [s, b, d]
  const read = transformerEncoderLayer(scope.at("layer"), layer, x); // [s, b, d]
  return linear(scope.at("largest"), reshape(mean(read, [0]), ["b", d]), { outFeatures: 10 });
}

/** Random digits [s, b] and the largest of each column, [b]. */
function examples(seed: number, count: number): Readonly<Record<string, HostTensor<"int32">>> {
  const random = new Random(seed, "example/digits");
  const digits = Int32Array.from({ length: s * count }, () => random.int(10));
  const column = (j: number) => digits.filter((_, i) => i % count === j);
  const labels = Int32Array.from({ length: count }, (_, j) => Math.max(...column(j)));
  return {
    digits: { dtype: "int32", shape: [s, count], data: digits },
    labels: { dtype: "int32", shape: [count], data: labels },
  };
}

/** The digit of the highest score for each column, by the weights of `state`. */
async function guess(state: State, digits: HostTensor<"int32">): Promise<readonly number[]> {
  const values = (path: string) => {
    const value = state.get(path);
    if (value === undefined) throw new Error(`no weights for ${path}`);
    return value;
  };
  const { data } = await evaluate(scores(Scope.root({ training: false, values })), { feeds: { digits } });
  const rows = Array.from({ length: digits.shape[1] }, (_, j) =>
    [...data.slice(10 * j, 10 * j + 10)].map(Number),
  );
  return rows.map((row) => row.indexOf(Math.max(...row)));
}

async function main(): Promise<void> {
  const encoderLayer = new TransformerEncoderLayer({ dModel: 512, nHead: 8 });
  const output = await evaluate(encoderLayer(randn([10, 512], { seed: 0 })));
  postMessage(`an encoder layer gives [${output.shape.join(", ")}]`);

  const backend = await loadBackend();
  const schedule = linearWarmup({ lr: 3e-3, warmupSteps: 30, totalSteps: steps });
  const loss = (scope: Scope) => crossEntropy(scores(scope), input("labels", "int32", ["b"]));
  const batches = (step: number) => [examples(step, b)];
  for await (const { step, loss: found, state } of fit({ loss, batches, steps, schedule, backend })) {
    if (step % 50 === 0) postMessage(`step ${step}: loss ${found.toFixed(3)}`);
    if (step < steps) continue;
    const { digits, labels } = examples(-1, 100);
    const guesses = await guess(state(), digits);
    const right = guesses.filter((digit, j) => digit === labels.data[j]).length;
    postMessage(`the largest of seven digits: ${right} of 100 right`);
  }
}

main().catch((error: unknown) => postMessage(String(error)));
