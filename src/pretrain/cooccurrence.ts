/**
 * First word embeddings from the corpus itself: what stands near what, as a low-rank factor.
 *
 *     c_ij = sum over places of i and j at most 5 apart of (6 - distance) / 5, both directions
 *     m_ij = max(0, log c_ij / (c_i q_j)),  q_j = c_j^0.75 / sum_k c_k^0.75,  averaged with m_ji
 *     E    = U |L|^1/2  of the 'hidden size' largest eigenvalues L of m, scaled to the deviation wanted
 *
 * A masked-language model that starts from random embeddings spends its first thousands of steps on learning them; this
 * takes a minute (docs/decisions/0005). Sources: Levy and Goldberg 2014, "Neural Word Embedding as Implicit Matrix
 * Factorization"; Levy, Goldberg and Dagan 2015 for the smoothed context distribution and the square root of the
 * eigenvalues; Pennington et al. 2014 (GloVe) for weights that fall with distance.
 *
 * The matrix is dense, so only the most frequent words take part; the others keep their random values, and so do words
 * that stand near nothing more often than by chance.
 */
import { Random } from "../base/random.ts";
import { emitModel, gemm, input } from "../tensor/index.ts";
import { encodeModel } from "../onnx/index.ts";
import type { Backend } from "../runtime/index.ts";
import type { Corpus } from "./corpus.ts";
import { largestEigenpairs, type MatrixProducts } from "./eigen.ts";
import { floats } from "./floats.ts";
import { CONTINUES } from "./token-store.ts";

const WINDOW = 5;
const SMOOTHING = 0.75;

/** Words that take part: the matrix has as many rows and columns, and takes a gigabyte. */
const MOST_WORDS = 16_384;

export interface EmbeddingOptions {
  readonly vocabSize: number;
  readonly hiddenSize: number;
  /** Ids that are no words: special tokens. */
  readonly without: ReadonlySet<number>;
  /** Root mean square of the values written. */
  readonly deviation: number;
  readonly seed: number;
}

/**
 * Writes the rows of words that co-occur into `table` [v, h].
 *
 * @returns how many rows were written
 */
export async function embedCooccurrence(
  corpus: Corpus,
  table: Float32Array,
  options: EmbeddingOptions,
  backend: Backend,
): Promise<number> {
  const { hiddenSize, deviation } = options;
  const words = frequentWords(corpus, options);
  const n = words.length;
  const rank = Math.min(hiddenSize, n);
  const matrix = toPointwiseInformation(countPairs(corpus, words, options.vocabSize), n);
  const products = await matrixProducts(matrix, n, backend);
  try {
    const random = new Random(options.seed, "cooccurrence");
    const { values, vectors } = await largestEigenpairs(products, n, rank, random);
    const factor = new Float32Array(n * rank);
    const placed: number[] = [];
    let squares = 0;
    for (let i = 0; i < n; i++) {
      const before = squares;
      for (let k = 0; k < rank; k++) {
        const value = vectors[i * rank + k] * Math.sqrt(Math.abs(values[k]));
        factor[i * rank + k] = value;
        squares += value * value;
      }
      if (squares > before) placed.push(i);
    }
    const scale = deviation / Math.sqrt(squares / (placed.length * rank));
    for (const i of placed) {
      for (let k = 0; k < rank; k++) table[words[i] * hiddenSize + k] = scale * factor[i * rank + k];
    }
    return placed.length;
  } finally {
    await products.dispose();
  }
}

/** The most frequent words of the training sequences, most frequent first. */
function frequentWords(corpus: Corpus, { vocabSize, without }: EmbeddingOptions): number[] {
  const counts = new Float64Array(vocabSize);
  for (const tokens of sequencesOf(corpus)) for (const token of tokens) counts[token & ~CONTINUES]++;
  return Array.from(counts.keys())
    .filter((id) => counts[id] > 0 && !without.has(id))
    .sort((a, b) => counts[b] - counts[a] || a - b)
    .slice(0, MOST_WORDS);
}

function* sequencesOf({ store, train }: Corpus): Generator<Uint32Array> {
  for (let i = 0; i < train.starts.length; i++) yield store.read(train.starts[i], train.lengths[i]);
}

/** The largest count: a corpus would need tens of billions of tokens to come to it. */
const MOST_COUNTS = 2 ** 32 - 1;

/** 5 c, [n, n] in row-major order, symmetric. Fifths are whole numbers, and add up exactly where float32 would not. */
export function countPairs(
  corpus: Corpus,
  words: readonly number[],
  vocabSize: number,
): Uint32Array<ArrayBuffer> {
  const n = words.length;
  const places = new Int32Array(vocabSize).fill(-1);
  words.forEach((word, i) => {
    places[word] = i;
  });
  const matrix = new Uint32Array(n * n);
  const add = (place: number, count: number) => {
    matrix[place] = Math.min(MOST_COUNTS, matrix[place] + count);
  };
  for (const tokens of sequencesOf(corpus)) {
    for (let i = 0; i < tokens.length; i++) {
      const a = places[tokens[i] & ~CONTINUES];
      if (a < 0) continue;
      for (let distance = 1; distance <= WINDOW && i + distance < tokens.length; distance++) {
        const b = places[tokens[i + distance] & ~CONTINUES];
        if (b >= 0) add(a * n + b, WINDOW + 1 - distance);
      }
    }
  }
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      const other = matrix[j * n + i];
      add(i * n + j, other);
      matrix[j * n + i] = matrix[i * n + j];
    }
  }
  return matrix;
}

/** c, at any scale, to m, in the same memory. */
function toPointwiseInformation(counts: Uint32Array<ArrayBuffer>, n: number): Float32Array {
  const matrix = new Float32Array(counts.buffer);
  const totals = new Float64Array(n);
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) totals[i] += counts[i * n + j];
  const contexts = totals.map((total) => total ** SMOOTHING);
  const all = contexts.reduce((sum, context) => sum + context, 0);
  // log c_ij/(c_i q_j) and log c_ij/(c_j q_i), averaged
  const half = totals.map((total, i) => 0.5 * (Math.log(total) + Math.log(contexts[i] / all)));
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const count = counts[i * n + j];
      matrix[i * n + j] = count === 0 ? 0 : Math.max(0, Math.log(count) - half[i] - half[j]);
    }
  }
  return matrix;
}

/** Products of the matrix on ONNX Runtime: ten times as fast as a loop. */
async function matrixProducts(
  matrix: Float32Array,
  n: number,
  backend: Backend,
): Promise<MatrixProducts & { dispose(): Promise<void> }> {
  const session = async (transA: boolean) => {
    const a = input("a", "float32", transA ? ["k", "m"] : ["m", "k"]);
    const b = input("b", "float32", ["k", "n"]);
    const model = { name: "product", inputs: [a, b], outputs: { y: gemm(a, b, { transA }) } };
    return backend.createSession(
      encodeModel(emitModel({ ...model, parameters: "inputs", dialect: "ort" })),
      {},
    );
  };
  const [plain, transposed] = [await session(false), await session(true)];
  const float32 = (shape: readonly number[], data: Float32Array) => ({
    dtype: "float32" as const,
    shape,
    data,
  });
  return {
    async multiply(q, k) {
      const { y } = await plain.run({ a: float32([n, n], matrix), b: float32([n, k], q) });
      return floats(y.data, "products");
    },
    async gram(x, y, k) {
      const product = await transposed.run({ a: float32([n, k], x), b: float32([n, k], y) });
      return floats(product.y.data, "products");
    },
    async dispose() {
      await plain.dispose();
      await transposed.dispose();
    },
  };
}
