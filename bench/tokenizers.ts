/**
 * Tokenizer throughput beside the npm package `tokenizers` (Rust), in tokens a second, on English and Chinese lines.
 *
 *     node --import ./scripts/typescript.js bench/tokenizers.ts [TEXT VOCAB_TXT]
 *
 * The peer is given its best case: one call of its batch interface on all lines, which works on every core, and its
 * results are not read; ours runs on one thread and returns plain arrays. Rounds are interleaved, so that a busy
 * machine is as unfair to both, and medians compared. Exits with 1 where the ratio is below 3.
 *
 * Without arguments lines and vocabularies come from the shared data folder; TEXT has one text a line, in UTF-8.
 * Does not measure loading. Not a test.
 */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { Tokenizer } from "tokenizers";
import { BertTokenizer, readVocabulary } from "../src/text/index.ts";

const ROUNDS = 9;
const LINES = 10_000;
const REQUIRED_RATIO = 3;

interface Case {
  readonly name: string;
  readonly text: string;
  readonly vocabulary: string;
}

for (const { name, text, vocabulary } of cases(process.argv.slice(2))) await compare(name, text, vocabulary);

async function compare(name: string, textFile: string, vocabularyFile: string): Promise<void> {
  const lines = readText(textFile)
    .split("\n")
    .filter((line) => line.length > 10)
    .slice(0, LINES);
  const tokenizer = BertTokenizer.fromVocabulary(readVocabulary(readText(vocabularyFile), vocabularyFile));
  const peer = Tokenizer.fromString(tokenizer.toTokenizerJson());

  let tokens = 0;
  const contestants = {
    peer: () => peer.encodeBatch(lines),
    ours: () => lines.map((line) => tokenizer.encode(line)),
    oursWithOffsets: () => lines.map((line) => tokenizer.encode(line, { offsets: true })),
  };
  const seconds: Record<keyof typeof contestants, number[]> = { peer: [], ours: [], oursWithOffsets: [] };
  for (let round = 0; round < ROUNDS; round++) {
    for (const key of ["peer", "ours", "oursWithOffsets"] as const) {
      const start = performance.now();
      const result = await contestants[key]();
      seconds[key].push((performance.now() - start) / 1000);
      tokens = result.reduce(
        (sum, encoding) => sum + ("ids" in encoding ? encoding.ids.length : encoding.getLength()),
        0,
      );
    }
  }

  const rate = (key: keyof typeof contestants) => tokens / median(seconds[key]) / 1e6;
  const ratio = rate("ours") / rate("peer");
  console.log(
    `${name}: ${lines.length} lines, ${tokens} tokens | ours ${rate("ours").toFixed(2)} M tokens/s, ` +
      `with offsets ${rate("oursWithOffsets").toFixed(2)} | tokenizers, batch call ${rate("peer").toFixed(2)} | ` +
      `ratio ${ratio.toFixed(1)} (with offsets ${(rate("oursWithOffsets") / rate("peer")).toFixed(1)})`,
  );
  if (ratio < REQUIRED_RATIO) process.exitCode = 1;
}

function cases(args: readonly string[]): Case[] {
  if (args.length === 2) return [{ name: args[0], text: args[0], vocabulary: args[1] }];
  const data = process.env.ATTUNE_SHARED_DATA ?? fileURLToPath(new URL("../../shared/data", import.meta.url));
  if (!existsSync(data)) {
    console.error("the shared data folder is absent; name a text file and a vocab.txt");
    process.exit(2);
  }
  return [
    {
      name: "English",
      text: `${data}/corpus_en_wiki/enwiki_00.txt.gz`,
      vocabulary: `${data}/vocab/bert-base-uncased-vocab.txt`,
    },
    {
      name: "Chinese",
      text: `${data}/corpus_zh_wiki/zhwiki_00.txt.gz`,
      vocabulary: `${data}/vocab/bert-base-chinese-vocab.txt`,
    },
  ];
}

function readText(file: string): string {
  const bytes = readFileSync(file);
  return (file.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}
