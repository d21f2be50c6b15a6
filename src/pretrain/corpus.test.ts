import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { collect, temporaryFolder } from "../../test/temporary-files.ts";
import { Random } from "../base/random.ts";
import { BertTokenizer } from "../text/index.ts";
import { type Corpus, findCorpus, learnVocabulary, tokenizeCorpus } from "./corpus.ts";
import type { PretrainEvent } from "./events.ts";
import { mask } from "./masking.ts";
import { type PretrainOptions, resolvePretrainOptions } from "./options.ts";
import { CONTINUES } from "./token-store.ts";

const { folder, write } = temporaryFolder();

const SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
const characters = Array.from("我们学习机器翻译是一门科说北京大今天气很好了的，。用训练模型abcdefgh");
const pieces = ["un", "##believ", "##able", "play", "##ing", "gpu", "a", "day", "w0", "w1"];
const words = Array.from({ length: 400 }, (_, i) => `w${i}`);
const tokenizer = BertTokenizer.fromVocabulary([
  ...new Set([...SPECIALS, ...characters, ...pieces, ...words]),
]);

let folders = 0;
/** Tokenizes; `phases` are those that were announced. */
async function tokenize(options: Omit<PretrainOptions, "out">, to = join(folder, `store-${folders++}`)) {
  const resolved = resolvePretrainOptions({ minTokens: 2, ...options, out: folder });
  const events = tokenizeCorpus(await findCorpus(resolved), tokenizer, resolved, to);
  const phases: string[] = [];
  for (;;) {
    const { done, value } = await events.next();
    if (done === true) return { corpus: value, phases, to };
    if (value.event === "phase") phases.push(value.phase);
  }
}

/** The tokens of a split's sequences, by name. */
function textsOf({ store, train, dev }: Corpus, split: "train" | "dev"): string[] {
  const { starts, lengths } = split === "train" ? train : dev;
  return Array.from(starts, (start, i) =>
    Array.from(store.read(start, lengths[i]), (token) => tokenizer.idToToken(token & ~CONTINUES)).join(" "),
  );
}

const line = (i: number) => `w${i % 20} w${(7 * i) % 400} w${(i * i) % 397} w${i % 399}`;
const lines = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => line(from + i)).join("\n");

describe("words", () => {
  /** The words of a text as the store marks them, tokens joined. */
  async function wordsOf(
    text: string,
    masking: PretrainOptions["masking"] = "whole-words",
  ): Promise<string[]> {
    const { corpus } = await tokenize({
      corpora: [write("words.txt", `${text}\nw1 w2\n`)],
      masking,
      devShare: 1e-9,
    });
    const found: string[] = [];
    for (const token of corpus.store.read(0, corpus.store.ends[0])) {
      const piece = tokenizer.idToToken(token & ~CONTINUES) ?? "";
      if ((token & CONTINUES) === 0) found.push(piece);
      else found.push(`${found.pop() ?? "nothing"}|${piece}`);
    }
    return found;
  }

  it("are those of Unicode's segmenter for Chinese, and WordPiece's for English", async () => {
    const text = "我们学习机器翻译，playing a day。今天天气很好";
    const segmenter = new Intl.Segmenter("zh", { granularity: "word" });
    const segments = [...segmenter.segment(text)]
      .map(({ segment }) => segment)
      .filter((word) => word.trim() !== "");
    expect(segments).toContain("我们"); // or there is no dictionary, and nothing is shown
    const want = segments.map((word) =>
      word === "playing" ? "play|##ing" : /\p{Script=Han}/u.test(word) ? Array.from(word).join("|") : word,
    );
    expect(await wordsOf(text)).toEqual(want);
    expect(want.some((word) => word.includes("机|器"))).toBe(true);
  });

  it("hold together where the vocabulary lacks one of their characters", async () => {
    expect(await wordsOf("我们学习")).toEqual(["我|们", "学|习"]);
    // 祖国 and 科技: 祖, 国 and 技 are not in the vocabulary
    expect(await wordsOf("我们学习科技")).toEqual(["我|们", "学|习", "科|[UNK]"]);
    expect(await wordsOf("我们祖国")).toEqual(["我|们", "[UNK]|[UNK]"]);
    expect(await wordsOf("我们 ☃☃ w1")).toEqual(["我|们", "[UNK]", "w1"]);
  });

  it("of two scripts stay apart, in spaces or not", async () => {
    expect(await wordsOf("用gpu训练模型 unbelievable")).toEqual([
      "用",
      "gpu",
      "训|练",
      "模|型",
      "un|##believ|##able",
    ]);
  });

  it("are not marked where tokens are hidden one by one", async () => {
    expect(await wordsOf("我们学习 unbelievable", "tokens")).toEqual([
      ...Array.from("我们学习"),
      "un",
      "##believ",
      "##able",
    ]);
  });

  it("are never split by a mask", async () => {
    const { corpus } = await tokenize({
      corpora: [join(folder, "words.txt")],
      masking: "spans",
      devShare: 1e-9,
    });
    const tokens = corpus.store.read(0, corpus.store.ends[0]);
    for (let i = 0; i < 200; i++) {
      const options = { masking: "spans", maskShare: 0.3, maskId: tokenizer.maskId, wordIds: [7] } as const;
      const { places } = mask(tokens, options, new Random(i, "mask"));
      tokens.forEach((token, place) => {
        if ((token & CONTINUES) !== 0) expect(places.includes(place)).toBe(places.includes(place - 1));
      });
    }
  });
});

describe("what is read", () => {
  it("each text once, without short ones, all of it counted", async () => {
    const path = write("counts.txt", `${lines(0, 50)}\n${lines(0, 10)}\nw1\n我 ☃\n`);
    const { corpus } = await tokenize({ corpora: [path], minTokens: 2, devShare: 0.2 });
    expect(corpus.counts).toMatchObject({ shortDocuments: 1, duplicateDocuments: 10 });
    const { documents, devDocuments, tokens, devTokens, unknownShare } = corpus.counts;
    expect(documents + devDocuments).toBe(51);
    expect(unknownShare).toBeCloseTo(1 / (tokens + devTokens), 12);
    expect(corpus.counts.sequences).toBe(corpus.train.starts.length);
    expect(new Set([...textsOf(corpus, "train"), ...textsOf(corpus, "dev")]).size).toBe(51);
  });

  it("holds the same texts out whatever the order of the files, within the most tokens", async () => {
    const [a, b] = [write("a.txt", lines(0, 150)), write("b.txt", lines(150, 300))];
    const first = (await tokenize({ corpora: [a, b], devShare: 0.1 })).corpus;
    const second = (await tokenize({ corpora: [b, a], devShare: 0.1 })).corpus;
    expect(textsOf(first, "dev").sort()).toEqual(textsOf(second, "dev").sort());
    expect(first.counts.devDocuments).toBeGreaterThan(15);
    expect(first.counts.devDocuments).toBeLessThan(48);
    expect(textsOf(first, "dev").filter((text) => textsOf(first, "train").includes(text))).toEqual([]);
    const few = (await tokenize({ corpora: [a, b], devShare: 0.5, devTokens: 21 })).corpus;
    expect(few.counts.devTokens).toBe(20);
    const turned = (await tokenize({ corpora: [b, a], devShare: 0.5, devTokens: 21 })).corpus;
    expect(textsOf(turned, "dev").sort()).toEqual(textsOf(few, "dev").sort());
  });

  it("takes held-out files whole, and trains on none of their texts", async () => {
    const [train, dev] = [write("train.txt", lines(0, 40)), write("dev.txt", lines(30, 60))];
    const { corpus } = await tokenize({ corpora: [train], dev });
    expect(corpus.counts).toMatchObject({ documents: 30, devDocuments: 30, duplicateDocuments: 10 });
    expect(textsOf(corpus, "train")).not.toContain(line(35));
  });

  it("holds the last document out where chance held out none", async () => {
    const { corpus } = await tokenize({ corpora: [write("three.txt", lines(0, 3))], devShare: 1e-9 });
    expect(textsOf(corpus, "dev")).toEqual([line(2)]);
    expect(textsOf(corpus, "train")).toEqual([line(0), line(1)]);
  });

  it.each([
    ["one document", `${line(1)}\n`, /ERR_CORPUS_SMALL.*found one.*blank lines/],
    ["the same twice", `${line(1)}\n${line(1)}\n`, /ERR_CORPUS_SMALL.*found one/],
    [
      "documents that are too short",
      "w1\nw2\nw3\n",
      /ERR_CORPUS_EMPTY.*2 tokens or more.*3 are shorter.*--min-tokens/,
    ],
  ])("refuses %s", async (_, text, message) => {
    await expect(tokenize({ corpora: [write("little.txt", text)] })).rejects.toThrow(message);
  });

  it("refuses held-out files of short documents alone, by name", async () => {
    const [train, dev] = [write("long.txt", lines(0, 9)), write("short-dev.txt", "w1\nw2\n")];
    await expect(tokenize({ corpora: [train], dev })).rejects.toThrow(
      /ERR_CORPUS_EMPTY: held-out text must.*2 tokens or more; all of its documents are shorter \(.*short-dev\.txt\)/,
    );
  });

  it("refuses an encoding where every file is Parquet", async () => {
    const corpora = [write("a.parquet", "PAR1"), write("b.pq", "PAR1")];
    await expect(tokenize({ corpora, encoding: "gb18030" })).rejects.toThrow(
      /ERR_OPTION_UNUSED.*--encoding.*"gb18030", and every file is Parquet/,
    );
  });

  it("is reported after 200 ms too, not after thousands of documents alone", async () => {
    const now = vi.spyOn(performance, "now");
    let ms = 0;
    now.mockImplementation(() => (ms += 90));
    try {
      const resolved = resolvePretrainOptions({ corpora: [write("slow.txt", lines(0, 12))], out: folder });
      const source = await findCorpus(resolved);
      const readingOf = async (events: AsyncIterable<PretrainEvent>) =>
        (await collect(events)).flatMap((event) => (event.event === "reading" ? [event.documents] : []));
      expect(await readingOf(learnVocabulary(source, resolved))).toEqual([3, 6, 9, 12, 12]);
      const options = { ...resolved, minTokens: 2 };
      const store = join(folder, `store-${folders++}`);
      expect(await readingOf(tokenizeCorpus(source, tokenizer, options, store))).toEqual([3, 6, 9, 12]);
    } finally {
      now.mockRestore();
    }
  });

  it("refuses a column for files that have none", async () => {
    const path = write("plain.txt", lines(0, 9));
    await expect(tokenize({ corpora: [path], textColumn: "body" })).rejects.toThrow(
      /ERR_OPTION_UNUSED.*--text.*"body"/,
    );
  });
});

describe("the store", () => {
  const path = write("reused.txt", lines(0, 60));

  it("is used again where the same things would come out, and only there", async () => {
    const { to, phases, corpus } = await tokenize({ corpora: [path] });
    expect(phases).toEqual(["tokenizing"]);
    const again = await tokenize({ corpora: [path], lr: 1e-4 }, to);
    expect(again.phases).toEqual([]);
    expect(again.corpus.counts).toEqual(corpus.counts);
    const changes: Partial<PretrainOptions>[] = [
      { minTokens: 3 },
      { masking: "tokens" },
      { devShare: 0.4 },
      { seed: 2 },
      { devTokens: 9 },
    ];
    for (const change of changes) {
      expect((await tokenize({ corpora: [path], ...change }, to)).phases).toEqual(["tokenizing"]);
      expect((await tokenize({ corpora: [path], ...change }, to)).phases).toEqual([]);
    }
  });

  it("is made anew where other files are held out, or the encoding is another", async () => {
    const dev = write("reused-dev.txt", lines(60, 80));
    const { to } = await tokenize({ corpora: [path, dev] });
    const { phases, corpus } = await tokenize({ corpora: [path], dev }, to);
    expect(phases).toEqual(["tokenizing"]);
    expect(corpus.counts).toMatchObject({ documents: 60, devDocuments: 20 });
    expect((await tokenize({ corpora: [path], dev, encoding: "utf-8" }, to)).phases).toEqual(["tokenizing"]);
    expect((await tokenize({ corpora: [path], dev, encoding: "utf-8" }, to)).phases).toEqual([]);
  });

  it("is made anew where a file has changed, and goes where reading fails", async () => {
    const changing = write(
      "changing.jsonl",
      JSON.stringify({ text: line(1) }) + "\n" + JSON.stringify({ text: line(2) }),
    );
    const { to } = await tokenize({ corpora: [changing] });
    write("changing.jsonl", JSON.stringify({ text: line(1) }) + "\n" + JSON.stringify({ text: line(3) }));
    expect((await tokenize({ corpora: [changing] }, to)).phases).toEqual(["tokenizing"]);
    write("changing.jsonl", `${JSON.stringify({ text: line(1) })}\n{"body": "no text"}`);
    await expect(tokenize({ corpora: [changing] }, to)).rejects.toThrow(/ERR_CORPUS_COLUMN.*row 2/);
    expect(existsSync(to)).toBe(false);
  });
});

describe("learnVocabulary", () => {
  it("reads everything but the held-out files", async () => {
    const options = {
      corpora: [write("learn.txt", "low lower lowest\nlow low")],
      dev: write("held.txt", "zebra"),
      minFrequency: 1,
    };
    const resolved = resolvePretrainOptions({ ...options, vocabSize: 100, out: folder });
    const events = learnVocabulary(await findCorpus(resolved), resolved);
    let last = await events.next();
    while (last.done !== true) last = await events.next();
    expect(last.value).toEqual(expect.arrayContaining([...SPECIALS, "low", "lowest"]));
    expect(last.value).not.toContain("z");
  });
});
