/**
 * Whole models: a text through WordPiece and BERT's classifier, an encoder-decoder that writes with cached keys and
 * values, and a few steps of training.
 */
import type { DecodingOptions, Seq2SeqModel, Tensor } from "../../src/entry/nn-common.ts";
import {
  add,
  crossEntropy,
  embedding,
  fit,
  Generator,
  input,
  learnedPositions,
  linear,
  linearWarmup,
  mean,
  mul,
  reshape,
  scalar,
  Scope,
  stackOptions,
  transformerDecoder,
  transformerEncoder,
  transformerEncoderLayer,
  transformerLayerOptions,
} from "../../src/entry/nn-common.ts";
import { bertPreset } from "../../src/models/bert/presets.ts";
import { bertClassifier } from "../../src/models/bert/sequence-classification.ts";
import { encodeModel } from "../../src/onnx/index.ts";
import { emitModel } from "../../src/tensor/index.ts";
import { BertTokenizer, trainWordPiece } from "../../src/text/index.ts";
import type { Case, Values } from "./case.ts";
import { fromHost, list, randomState } from "./case.ts";

const texts = [
  "The kettle is too loud, and the lid leaks.",
  "水壶很快，声音也不大。",
  "Lovely kettle: quick, quiet, naïve price!",
];

function tokenizer(): BertTokenizer {
  return BertTokenizer.fromVocabulary(trainWordPiece(texts, { vocabSize: 97, minFrequency: 1 }));
}

const wordPiece: Case = () => {
  const reader = tokenizer();
  const codePoints = (text: string) => list(Array.from(text, (char) => char.codePointAt(0) ?? 0));
  const encoded = texts.flatMap((text, i): [string, Values][] => {
    const { ids, typeIds, offsets } = reader.encode(text, { pair: texts[0], maxLength: 23, offsets: true });
    const parts = { ids, typeIds, offsets: offsets ?? [] };
    return Object.entries(parts).map(([name, values]) => [`${name} ${i}`, list(values)]);
  });
  return Promise.resolve({
    vocabulary: codePoints(reader.toVocabularyText()),
    ...Object.fromEntries(encoded),
  });
};

const bert: Case = async ({ loadBackend }) => {
  const reader = tokenizer();
  const config = bertPreset("tiny", {
    ...{ vocabSize: reader.vocabSize, hiddenSize: 22, intermediateSize: 13, maxPositionEmbeddings: 31 },
    ...{ labels: ["good", "bad", "neither"], problemType: "single_label_classification" },
  });
  const graph = bertClassifier(config, { idType: "int32" });
  const model = emitModel({
    name: "bert",
    inputs: Object.values(graph.inputs),
    outputs: { logits: graph.logits },
    parameters: randomState(graph.parameters),
    dialect: "ort",
  });
  const session = await (await loadBackend()).createSession(encodeModel(model));
  const encoded = texts.map((text) => reader.encode(text, { maxLength: 29 }).ids);
  const longest = Math.max(...encoded.map(({ length }) => length));
  const rows = (of: (id: number | undefined) => number) => ({
    dtype: "int32" as const,
    shape: [texts.length, longest],
    data: Int32Array.from(
      encoded.flatMap((ids) => Array.from({ length: longest }, (_, place) => of(ids[place]))),
    ),
  });
  const { logits } = await session.run({
    input_ids: rows((id) => id ?? reader.padId),
    attention_mask: rows((id) => Number(id !== undefined)),
    token_type_ids: rows(() => 0),
  });
  await session.dispose();
  return { logits: fromHost(logits) };
};

const [d, v, places] = [22, 19, 11];
const layer = transformerLayerOptions("layer", { dModel: d, nHead: 2, dimFeedforward: 13, dropout: 0.1 });
const stack = stackOptions("stack", layer, { numLayers: 2, norm: true });

/** Embeddings times sqrt(d), as in Vaswani et al. 2017, section 3.4. */
const words = (scope: Scope, ids: Tensor) =>
  mul(embedding(scope, ids, { numEmbeddings: v, embeddingDim: d }), scalar(Math.sqrt(d)));

const writer: Seq2SeqModel = {
  encode: (scope) =>
    transformerEncoder(
      scope.at("encoder"),
      stack,
      words(scope.at("source"), input("source", "int32", ["m", "b"])),
    ),
  decode: (scope, tokens, memory, cache) => {
    const [t] = tokens.shape;
    const at = cache === undefined ? {} : { positions: cache.positions };
    const positions = learnedPositions(scope.at("places"), t, { maxLength: places, d, ...at });
    const x = add(words(scope.at("target"), tokens), reshape(positions, [t, 1, d]));
    const call = { tgtIsCausal: true, ...(cache === undefined ? {} : { cache }) };
    const read = transformerDecoder(scope.at("decoder"), stack, x, memory, call);
    return linear(scope.at("words"), read, { outFeatures: v });
  },
};

const generation =
  (options: Partial<DecodingOptions>): Case =>
  async ({ loadBackend }) => {
    const scope = Scope.root({ training: false });
    writer.decode(scope, input("tokens", "int32", ["t", "b"]), writer.encode(scope));
    const generator = await Generator.create(writer, {
      state: randomState(scope.parameters),
      backend: await loadBackend(),
    });
    const source = Int32Array.from({ length: 15 }, (_, i) => (7 * i * i + 3) % v);
    const written = await generator.generate(
      { source: { dtype: "int32", shape: [5, 3], data: source } },
      { maxLength: places, startId: 1, endId: 6, ...options },
    );
    await generator.dispose();
    return Object.fromEntries(
      written.flatMap(({ tokens, score, ended }, i) => [
        [`tokens ${i}`, list(tokens)],
        [`score ${i}`, list([score])],
        [`ended ${i}`, list([Number(ended)])],
      ]),
    );
  };

const training: Case = async ({ loadBackend }) => {
  const loss = (scope: Scope) => {
    const ids = input("ids", "int32", [7, "b"]);
    const x = embedding(scope.at("words"), ids, { numEmbeddings: v, embeddingDim: d });
    const read = transformerEncoderLayer(scope.at("layer"), layer, x); // [7, b, d]
    const pooled = reshape(mean(read, [0]), ["b", d]);
    const logits = linear(scope.at("classifier"), pooled, { outFeatures: 3 });
    return crossEntropy(logits, input("labels", "int32", ["b"]));
  };
  const batches = (step: number) => [
    {
      ids: {
        dtype: "int32" as const,
        shape: [7, 5],
        data: Int32Array.from({ length: 35 }, (_, i) => (i * (step + 3)) % v),
      },
      labels: { dtype: "int32" as const, shape: [5], data: Int32Array.of(0, 1, 2, 1, 0) },
    },
  ];
  const schedule = linearWarmup({ lr: 1e-2, warmupSteps: 0, totalSteps: 5 });
  const [losses, norms]: [number[], number[]] = [[], []];
  for await (const step of fit({
    loss,
    batches,
    steps: 5,
    schedule,
    backend: await loadBackend(),
    seed: 3,
  })) {
    losses.push(step.loss);
    norms.push(step.gradNorm);
  }
  return { losses: list(losses), norms: list(norms) };
};

export const modelCases: Readonly<Record<string, Case>> = {
  "WordPiece, learned and used": wordPiece,
  "BERT classifier": bert,
  "greedy writing": generation({ method: "greedy" }),
  "beam search": generation({ method: "beam", beams: 3 }),
  "sampled writing": generation({ method: "sample", temperature: 1.5, seed: 4 }),
  "training with dropout": training,
};
