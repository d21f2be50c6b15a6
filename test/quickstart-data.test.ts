/**
 * The data set of examples/quickstart: its shape, its balance, and that no split leaks into another.
 *
 * Near duplicates are pairs whose sets of character n-grams overlap (Jaccard index |A and B| / |A or B|) by more
 * than 0.6: 3-grams for English, 2-grams for Chinese. Reads the files with papaparse, not with the project's reader.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import Papa from "papaparse";
import { describe, expect, it } from "vitest";

type Language = "en" | "zh";

interface Message {
  split: string;
  text: string;
  label: string;
  language: Language;
}

const folder = fileURLToPath(new URL("../examples/quickstart/", import.meta.url));
const splitNames = ["train", "dev", "test"];
const intents = ["account", "complaint", "delivery", "payment", "product_question", "refund"];
const nearDuplicate = 0.6;
const gramLength: Record<Language, number> = { en: 3, zh: 2 };

const read = (name: string): string =>
  new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(readFileSync(folder + name));
const messages = splitNames.flatMap(readSplit);
const sentences = read("sentences.txt").trimEnd().split("\n");

describe("quickstart files", () => {
  it.each(splitNames)(
    "%s.csv has the header text,label, two filled columns, and no byte order mark",
    (split) => {
      const { data, errors } = Papa.parse<string[]>(read(`${split}.csv`), { skipEmptyLines: true });
      expect(errors).toEqual([]);
      expect(data[0]).toEqual(["text", "label"]);
      expect(
        data.filter((row) => row.length !== 2 || row.some((cell) => cell === "" || cell !== cell.trim())),
      ).toEqual([]);
    },
  );

  it("counts at least 600 messages, some 75% to train and 15% to test on", () => {
    expect(messages.length).toBeGreaterThanOrEqual(600);
    expect(share("train")).toBeCloseTo(0.75, 1);
    expect(share("test")).toBeCloseTo(0.15, 1);
  });

  it.each(splitNames)("%s.csv holds every intent equally often in each language", (split) => {
    const perCell = messages.filter((message) => message.split === split).length / (intents.length * 2);
    const expected = intents.flatMap((label) => [`${label} en ${perCell}`, `${label} zh ${perCell}`]);
    expect(cells(split)).toEqual(expected);
  });
});

describe("quickstart messages", () => {
  it("holds no message twice, whatever its case, spaces and punctuation", () => {
    const all = [...messages.map((message) => message.text), ...sentences].map(normalize);
    expect(all.filter((text, index) => all.indexOf(text) !== index)).toEqual([]);
  });

  it("has no near duplicates across splits, nor of the sentences to predict", () => {
    const fresh = sentences.map((text) => ({
      split: "sentences",
      text,
      label: "",
      language: languageOf(text),
    }));
    expect(nearPairs([...messages, ...fresh])).toEqual([]);
  });

  it("would notice a near duplicate in either language", () => {
    const make = (split: string, text: string): Message => ({
      split,
      text,
      label: "",
      language: languageOf(text),
    });
    const planted = [
      make("train", "Where is my parcel? It was due on Tuesday."),
      make("test", "Where is my parcel, it was due Tuesday!"),
      make("train", "我的快递怎么还没到？"),
      make("dev", "我的快递怎么还没有到"),
    ];
    expect(nearPairs(planted)).toHaveLength(2);
  });
});

function readSplit(split: string): Message[] {
  const { data } = Papa.parse<string[]>(read(`${split}.csv`), { skipEmptyLines: true });
  return data.slice(1).map(([text = "", label = ""]) => ({ split, text, label, language: languageOf(text) }));
}

/** A message with any Chinese character is Chinese, so code-mixed ones are. */
function languageOf(text: string): Language {
  return /\p{Script=Han}/u.test(text) ? "zh" : "en";
}

function share(split: string): number {
  return messages.filter((message) => message.split === split).length / messages.length;
}

/** "label language count" for every pair that occurs in a split, sorted. */
function cells(split: string): string[] {
  const counts = new Map<string, number>();
  for (const message of messages) {
    if (message.split !== split) continue;
    const cell = `${message.label} ${message.language}`;
    counts.set(cell, (counts.get(cell) ?? 0) + 1);
  }
  return [...counts].map(([cell, count]) => `${cell} ${count}`).sort();
}

function normalize(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, " ")
    .trim();
}

function grams(message: Message): Set<string> {
  const characters = Array.from(normalize(message.text));
  const length = gramLength[message.language];
  return new Set(
    characters.slice(length - 1).map((_, start) => characters.slice(start, start + length).join("")),
  );
}

function nearPairs(candidates: Message[]): string[] {
  const withGrams = candidates.map((message) => ({ ...message, grams: grams(message) }));
  return withGrams.flatMap((left, index) =>
    withGrams
      .slice(index + 1)
      .filter((right) => right.split !== left.split && right.language === left.language)
      .filter((right) => jaccard(left.grams, right.grams) > nearDuplicate)
      .map((right) => `${left.split}: ${left.text} | ${right.split}: ${right.text}`),
  );
}

function jaccard(left: Set<string>, right: Set<string>): number {
  let shared = 0;
  for (const gram of left) if (right.has(gram)) shared += 1;
  return shared / (left.size + right.size - shared);
}
