/**
 * Chapter 8, BERT's pre-training: hiding words, the tied decoder, what both sides of a gap buy compared with the left
 * one, and why not every hidden word becomes [MASK]. Tiny models learn 192 sentences, English and Chinese.
 *
 *     node --import ./scripts/typescript.js examples/principles/08-masked-language-model.ts
 */
import assert from "node:assert/strict";
import { BertTokenizer } from "attune";
import type { Backend, HostTensor, Tensor } from "attune/nn";
import {
  add,
  compile,
  crossEntropy,
  embeddingTable,
  equal,
  fit,
  gatherRows,
  gelu,
  input,
  layerNorm,
  learnedPositions,
  linear,
  linearWarmup,
  loadBackend,
  project,
  Random,
  Scope,
  softmax,
  stackOptions,
  tensor,
  transformerEncoder,
  transformerLayerOptions,
} from "attune/nn";
import { floats, grouped, isMain, printTable } from "./numbers.ts";
import { lastOf, scopeOf } from "./trained.ts";

/** Who does what to what; the food tells the animal. */
const facts = [
  ["dog", "chews", "bones", "狗", "啃", "骨头"],
  ["cat", "drinks", "milk", "猫", "喝", "牛奶"],
  ["horse", "eats", "hay", "马", "吃", "干草"],
  ["bear", "eats", "honey", "熊", "吃", "蜂蜜"],
  ["rabbit", "eats", "carrots", "兔", "吃", "萝卜"],
  ["monkey", "peels", "bananas", "猴", "剥", "香蕉"],
  ["mouse", "nibbles", "cheese", "鼠", "啃", "奶酪"],
  ["bird", "pecks", "seeds", "鸟", "啄", "谷子"],
] as const;
const moods = { en: ["old", "young", "hungry", "happy"], zh: Array.from("老小饿懒") };
const scenes = { en: ["garden", "kitchen", "forest", "field"], zh: ["花园", "厨房", "树林", "田野"] };

const sentences = [0, 1, 2, 3].flatMap((mood) =>
  [0, 1, 2, 3].flatMap((place) =>
    facts.flatMap(([animal, verb, food, 动物, 动词, 食物]) => [
      `the ${moods.en[mood]} ${animal} ${verb} ${food} in the ${scenes.en[place]}`,
      `${moods.zh[mood]}${动物}在${scenes.zh[place]}里${动词}${食物}`,
    ]),
  ),
);
const shuffled = new Random(0, "split").shuffle([...sentences]);
const [unseen, seen] = [shuffled.slice(0, 64), shuffled.slice(64)];

/** A token a word in English, a token a character in Chinese, as in BERT. */
const words = [
  ...new Set(sentences.flatMap((text) => (isEnglish(text) ? text.split(" ") : Array.from(text)))),
];
const tokenizer = BertTokenizer.fromVocabulary(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ...words]);
const vocabulary = tokenizer.vocabSize;
const length = 11; // nine Chinese characters, [CLS] and [SEP]
const d = 64;
const [steps, batch] = [200, 64];
const IGNORED = -100;

/** What a model is taught: BERT's way, the next word from those before it, or [MASK] for every hidden word. */
type Lesson = "both sides" | "left side" | "only [MASK]";

export async function main() {
  showMasking();
  countTable();
  const backend = await loadBackend();
  const both = await learn(backend, "both sides");
  const left = await learn(backend, "left side");
  await fillGaps({ both, left });
  const byPosition = { both: await rightByPosition(both), left: await rightByPosition(left) };
  showPositions(byPosition);
  const plain = await learn(backend, "only [MASK]");
  await askAboutVisibleWords([both, plain]);
  for (const model of [both, left, plain]) await model.dispose();
  return byPosition;
}

// #region mask
/** What the model reads, and what it should have read: the words that it is asked for, IGNORED elsewhere. */
function hide(ids: readonly number[], random: Random) {
  const wanted = ids.map(() => IGNORED);
  const read = ids.map((id, i) => {
    if (tokenizer.isSpecial(id) || random.uniform() >= 0.15) return id;
    wanted[i] = id;
    const dice = random.uniform();
    if (dice < 0.8) return tokenizer.maskId;
    return dice < 0.9 ? anyWord(random) : id; // another word, or as it was
  });
  return { read, wanted };
}
// #endregion

function showMasking(): void {
  const ids = encode("the old dog chews bones in the garden").slice(0, 10);
  const random = new Random(224, "show");
  const tries = [1, 2, 3].map(() => hide(ids, random));
  const tokens = (row: readonly number[]) => row.map((id) => (id === IGNORED ? "." : tokenOf(id)));
  printTable(
    tries.flatMap(({ read, wanted }) => [
      ["read", ...tokens(read)],
      ["wanted", ...tokens(wanted)],
    ]),
  );

  const counts = { words: 0, chosen: 0, masked: 0, kept: 0 };
  for (let time = 0; time < 100; time++) {
    for (const text of seen) {
      const given = encode(text);
      const { read, wanted } = hide(given, random);
      counts.words += given.filter((id) => !tokenizer.isSpecial(id)).length;
      counts.chosen += wanted.filter((id) => id !== IGNORED).length;
      counts.masked += read.filter((id) => id === tokenizer.maskId).length;
      counts.kept += read.filter((id, i) => wanted[i] !== IGNORED && id === given[i]).length;
    }
  }
  const { chosen, masked, kept } = counts;
  const [all, hidden, same] = [chosen / counts.words, masked / chosen, kept / chosen].map((x) =>
    x.toFixed(2),
  );
  const other = (1 - (masked + kept) / chosen).toFixed(2);
  console.log(`\nasked for ${all} of the words: ${hidden} [MASK], ${other} another word, ${same} as it was`);
  assert(Math.abs(chosen / counts.words - 0.15) < 0.005 && Math.abs(masked / chosen - 0.8) < 0.01);
}

const layer = transformerLayerOptions("bert", {
  ...{ dModel: d, nHead: 4, dimFeedforward: 4 * d, dropout: 0, activation: "gelu" },
  ...{ batchFirst: true, normFirst: true, matrices: "xavier" },
});
const stack = stackOptions("bert", layer, { numLayers: 2, norm: true });
const init = { kind: "normal", std: 0.3 } as const;

// #region model
/** Tokens [b, s] to logits [b, s, v]. */
function languageModel(scope: Scope, tokens: Tensor, isCausal: boolean): Tensor {
  const sizes = { numEmbeddings: vocabulary, embeddingDim: d, init };
  const table = embeddingTable(scope.at("words"), sizes); //                          [v, d]
  const place = learnedPositions(scope.at("places"), length, { maxLength: length, d, init });
  const x = add(gatherRows(table, tokens), place); //                              [b, s, d]
  const srcKeyPaddingMask = equal(tokens, tensor(tokenizer.padId, "int32"));
  const hidden = transformerEncoder(scope.at("encoder"), stack, x, { srcKeyPaddingMask, isCausal });
  const dense = gelu(linear(scope.at("dense"), hidden, { outFeatures: d }));
  const vectors = layerNorm(scope.at("norm"), dense, { eps: 1e-12 }); //           [b, s, d]
  const bias = scope.parameter("bias", [vocabulary], { init: { kind: "zeros" }, decay: false });
  return project(vectors, table, bias); // vectors times table^T, the same table: [b, s, v]
}
// #endregion

function countTable(): void {
  const scope = Scope.root({ training: false });
  languageModel(scope, input("read", "int32", ["b", length]), false);
  const sizes = scope.parameters.map(({ name, shape }) => [name, shape.reduce((n, dim) => n * dim)] as const);
  const all = sizes.reduce((sum, [, size]) => sum + size, 0);
  const table = sizes.find(([name]) => name === "words.weight")?.[1];
  assert.equal(table, vocabulary * d);
  console.log(`\n${grouped(all)} weights, ${grouped(table)} of them in the table that is used twice`);
}

/** A trained model. */
interface Model {
  readonly lesson: Lesson;
  /** Probabilities of every token at every place: [b][s][v]. */
  readonly ask: (texts: readonly (readonly number[])[]) => Promise<readonly (readonly Float32Array[])[]>;
  readonly dispose: () => Promise<void>;
}

async function learn(backend: Backend, lesson: Lesson): Promise<Model> {
  const isCausal = lesson === "left side";
  const lossOf = (scope: Scope) => {
    const read = input("read", "int32", ["b", length]);
    const wanted = input("wanted", "int32", ["b", length]);
    return crossEntropy(languageModel(scope, read, isCausal), wanted, { ignoreIndex: IGNORED });
  };
  const batches = (step: number) => {
    const random = new Random(1, `batch/${step}`);
    const rows = Array.from({ length: batch }, () => encode(seen[random.int(seen.length)]));
    const taught = rows.map((ids) => teach(lesson, ids, random));
    return [
      { read: asTensor(taught.map(({ read }) => read)), wanted: asTensor(taught.map((row) => row.wanted)) },
    ];
  };
  const schedule = linearWarmup({ lr: 3e-3, warmupSteps: 30, totalSteps: steps });
  const { state } = await lastOf(
    fit({ loss: lossOf, batches, steps, schedule, backend, seed: 1, threads: 1 }),
  );
  const scope = scopeOf(state);
  const logits = languageModel(scope, input("read", "int32", ["b", length]), isCausal);
  const compiled = await compile({ probabilities: softmax(logits) }, backend, { threads: 1 });
  const ask: Model["ask"] = async (texts) => {
    const { probabilities } = await compiled.run({ read: asTensor(texts) });
    const data = floats(probabilities);
    const at = (i: number) => data.subarray(i * vocabulary, (i + 1) * vocabulary);
    return texts.map((_, b) => Array.from({ length }, (_place, i) => at(b * length + i)));
  };
  return { lesson, ask, dispose: () => compiled.dispose() };
}

function teach(lesson: Lesson, ids: readonly number[], random: Random) {
  // the next word, and nothing behind the last one
  if (lesson === "left side")
    return {
      read: ids,
      wanted: ids.map((_, i) => (wordAt(ids, i + 1) === undefined ? IGNORED : ids[i + 1])),
    };
  const hidden = hide(ids, random);
  if (lesson === "both sides") return hidden;
  const { wanted } = hidden;
  return { read: ids.map((id, i) => (wanted[i] === IGNORED ? id : tokenizer.maskId)), wanted };
}

/** What each model puts where [MASK] stands; the left one knows only what comes before. */
async function fillGaps({ both, left }: { both: Model; left: Model }): Promise<void> {
  const gaps = [
    "the hungry [MASK] chews bones in the field",
    "老[MASK]在田野里喝牛奶",
    "the old dog chews bones in the [MASK]",
  ];
  const places = gaps.map((text) => encode(text).indexOf(tokenizer.maskId));
  const [filled, continued] = [await both.ask(gaps.map(encode)), await left.ask(gaps.map(encode))];
  console.log();
  for (const [i, text] of gaps.entries()) {
    const [twoSided, oneSided] = [filled[i][places[i]], continued[i][places[i] - 1]];
    console.log(text);
    console.log(`  both sides: ${likeliest(twoSided)}`);
    console.log(`  left side:  ${likeliest(oneSided)}`);
    const candidates = unseen.filter((one) =>
      encode(one).every((id, j) => j === places[i] || id === encode(text)[j]),
    );
    assert(candidates.length > 0, `${text} is among the unseen`);
  }
}

/** The probability of the right word at each place, mean over the unseen sentences of a language. */
async function rightByPosition({ lesson, ask }: Model) {
  const measure = async (texts: readonly string[]) => {
    const rows = texts.map(encode);
    const places = Array.from({ length: rows[0].indexOf(tokenizer.sepId) - 1 }, (_, i) => i + 1);
    const shares = [];
    for (const place of places) {
      // #region ask
      const masked = rows.map((ids) => ids.map((id, i) => (i === place ? tokenizer.maskId : id)));
      const answers = await ask(masked); // [b][s][v]
      const at = lesson === "left side" ? place - 1 : place; // the left side answers one place before
      const right = rows.map((ids, row) => answers[row][at][ids[place]]);
      // #endregion
      shares.push(right.reduce((sum, p) => sum + p, 0) / right.length);
    }
    return shares;
  };
  return {
    en: await measure(unseen.filter(isEnglish)),
    zh: await measure(unseen.filter((text) => !isEnglish(text))),
  };
}

type ByPosition = Record<"both" | "left", Awaited<ReturnType<typeof rightByPosition>>>;

/** Sentences that stand for all of their shape. */
export const patterns = {
  en: "the old dog chews bones in the garden".split(" "),
  zh: Array.from("老狗在花园里啃骨头"),
};

function showPositions({ both, left }: ByPosition): void {
  for (const language of ["en", "zh"] as const) {
    console.log();
    const cells = (shares: readonly number[]) => shares.map((share) => share.toFixed(2));
    printTable([
      ["", ...patterns[language]],
      ["both sides", ...cells(both[language])],
      ["left side", ...cells(left[language])],
    ]);
  }
  const [animal, place] = [2, 7];
  assert(both.en[animal] > 0.9 && left.en[animal] < 0.2);
  assert([both.en[place], left.en[place]].every((share) => share > 0.1 && share < 0.3));
}

/** Sentences without [MASK]: as they are, and with one animal exchanged. */
async function askAboutVisibleWords(models: readonly Model[]): Promise<void> {
  const whole = unseen.map(encode);
  const spoiled = unseen.map((text, i) => withAnotherAnimal(encode(text), i));
  const free = [...moods.en, ...moods.zh, ...scenes.en].map((word) => tokenizer.tokenToId(word));
  const lines = [];
  for (const { lesson, ask } of models) {
    // #region visible
    const answers = await ask(whole); // nothing is hidden: [b][s][v]
    const repeated = whole.flatMap((ids, b) =>
      ids.flatMap((id, i) => (free.includes(id) ? [argmax(answers[b][i]) === id] : [])),
    );
    // #endregion
    const doubts = await ask(spoiled.map(({ ids }) => ids));
    const corrected = spoiled.map(({ place, right }, b) => argmax(doubts[b][place]) === right);
    const [same, better] = [repeated, corrected].map((all) => all.filter(Boolean).length / all.length);
    assert(lesson === "both sides" ? same > 0.7 : same < 0.4);
    assert(better > 0.6);
    lines.push([lesson === "both sides" ? "80/10/10" : lesson, same.toFixed(2), better.toFixed(2)]);
    if (lesson !== "both sides") continue;
    const { ids, place } = spoiled[0];
    const read = ids.filter((id) => !tokenizer.isSpecial(id)).map(tokenOf);
    console.log(`\nread: ${read.join(" ")}; at "${tokenOf(ids[place])}": ${likeliest(doubts[0][place])}\n`);
  }
  printTable([["taught with", "visible word repeated", "wrong animal corrected"], ...lines]);
}

function withAnotherAnimal(ids: readonly number[], i: number) {
  const animals = facts.map((fact) => [fact[0], fact[3]].map((word) => tokenizer.tokenToId(word)));
  const place = ids.findIndex((id) => animals.some((pair) => pair.includes(id)));
  const right = ids[place];
  const language = animals.some(([english]) => english === right) ? 0 : 1;
  const others = animals.map((pair) => pair[language] ?? 0).filter((id) => id !== right);
  return { ids: ids.map((id, j) => (j === place ? others[i % others.length] : id)), place, right };
}

function encode(text: string): number[] {
  const { ids } = tokenizer.encode(text);
  return [...ids, ...Array.from({ length: length - ids.length }, () => tokenizer.padId)];
}

function isEnglish(text: string): boolean {
  return text.startsWith("the ");
}

/** The id at place i, unless a special token or nothing stands there. */
function wordAt(ids: readonly number[], i: number): number | undefined {
  return i < ids.length && !tokenizer.isSpecial(ids[i]) ? ids[i] : undefined;
}

function anyWord(random: Random): number {
  return vocabulary - words.length + random.int(words.length);
}

function tokenOf(id: number): string {
  return tokenizer.idToToken(id) ?? "";
}

function argmax(values: Float32Array): number {
  return values.indexOf(Math.max(...values));
}

/** The three likeliest tokens: "bird 0.18, monkey 0.18, bear 0.17"; those below 0.01 are left out. */
function likeliest(probabilities: Float32Array): string {
  const ranked = [...probabilities.keys()].sort((a, b) => probabilities[b] - probabilities[a]);
  const shown = ranked.slice(0, 3).filter((id) => probabilities[id] >= 0.01);
  return shown.map((id) => `${tokenOf(id)} ${probabilities[id].toFixed(2)}`).join(", ");
}

/** Rows of ids as int32 [b, s]. */
function asTensor(rows: readonly (readonly number[])[]): HostTensor<"int32"> {
  return { dtype: "int32", shape: [rows.length, length], data: Int32Array.from(rows.flat()) };
}

if (isMain(import.meta.url)) await main();
