/**
 * The dates example: what it learns from is right and split by date, a short training learns, and what is printed is
 * what was computed. The figures of its README are of the full training, which is too long for a test.
 */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { loadBackend } from "attune/nn";
import { beforeAll, describe, expect, it } from "vitest";
import { attentionTable, crossAttention } from "../../examples/dates/attention.ts";
import { Characters } from "../../examples/dates/characters.ts";
import { allPairs, splitDays } from "../../examples/dates/data.ts";
import { learn } from "../../examples/dates/learn.ts";
import type { Learned } from "../../examples/dates/normalizer.ts";
import { DateNormalizer, exactMatch } from "../../examples/dates/normalizer.ts";
import { allDays, isoDate, spellings } from "../../examples/dates/spellings.ts";
import { load, MODEL_FILE, save } from "../../examples/dates/weights.ts";
import { openSafetensors } from "../../src/models/checkpoint/index.ts";
import { messageOf } from "../message-of.ts";
import { temporaryFolder } from "../temporary-files.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const { folder } = temporaryFolder();
const dayOf = (iso: string) => Date.parse(iso) / 86_400_000;
/** A file of the example as a program, in a folder where no weights lie at first. */
const start = (file: string, ...argv: string[]) =>
  promisify(execFile)(
    process.execPath,
    ["--import", join(root, "scripts/typescript.js"), join(root, "examples/dates", file), ...argv],
    { cwd: folder },
  );
const write = (name: string, iso: string): string => {
  const spelling = spellings.find((one) => one.name === name);
  if (spelling === undefined) throw new Error(`no spelling ${name}`);
  return spelling.write(dayOf(iso));
};

describe("days and spellings", () => {
  it("are every day of two centuries", () => {
    expect(isoDate(allDays[0])).toBe("1900-01-01");
    expect(isoDate(allDays[allDays.length - 1])).toBe("2099-12-31");
    expect(allDays.map(isoDate).map(dayOf)).toEqual(allDays);
    const leap = allDays.map(isoDate).filter((iso) => iso.endsWith("-02-29"));
    expect(leap).toHaveLength(49); // 1900 had none
    expect(leap).toContain("2000-02-29");
  });

  it.each([
    ["Aug 20, 2024", "en-US", { dateStyle: "medium" }],
    ["August 20, 2024", "en-US", { dateStyle: "long" }],
    ["20 August 2024", "en-GB", { dateStyle: "long" }],
    ["2024年8月20日", "zh-CN", { dateStyle: "long" }],
    ["2024/08/20", "ja-JP", { dateStyle: "medium" }],
  ] as const)("%s is what %s writes", (name, locale, options) => {
    const format = new Intl.DateTimeFormat(locale, { ...options, timeZone: "UTC" });
    for (const day of allDays.filter((_, i) => i % 97 === 0))
      expect(write(name, isoDate(day))).toBe(format.format(day * 86_400_000));
  });

  it("name weekdays as they are", () => {
    for (const [name, locale] of [
      ["Tuesday, 20 August 2024", "en-US"],
      ["2024年8月20日 星期二", "zh-CN"],
    ]) {
      const format = new Intl.DateTimeFormat(locale, { weekday: "long", timeZone: "UTC" });
      for (const day of allDays.filter((_, i) => i % 97 === 0))
        expect(write(name, isoDate(day))).toContain(format.format(day * 86_400_000));
    }
    expect(write("Tue Aug 20 2024", "2001-09-09")).toBe("Sun Sep 09 2001");
  });

  it("count in words", () => {
    const days = Array.from({ length: 31 }, (_, i) => `1907-10-${String(i + 1).padStart(2, "0")}`);
    const nth =
      "1st 2nd 3rd 4th 5th 6th 7th 8th 9th 10th 11th 12th 13th 14th 15th 16th 17th 18th 19th 20th 21st 22nd";
    expect(days.map((day) => write("the 20th of August, 2024", day).split(" ")[1]).join(" ")).toBe(
      `${nth} 23rd 24th 25th 26th 27th 28th 29th 30th 31st`,
    );
    const words =
      "一 二 三 四 五 六 七 八 九 十 十一 十二 十三 十四 十五 十六 十七 十八 十九 二十 二十一 二十二";
    const all = `${words} 二十三 二十四 二十五 二十六 二十七 二十八 二十九 三十 三十一`.split(" ");
    expect(days.map((day) => write("二〇二四年八月二十日", day))).toEqual(
      all.map((word) => `一九〇七年十月${word}日`),
    );
    expect(write("二零二四年八月二十号", "2000-11-30")).toBe("二零零零年十一月三十号");
    expect(write("２０２４年８月２０日", "1934-12-05")).toBe("１９３４年１２月５日");
  });

  it("let no text mean two dates", () => {
    const meaning = new Map<string, string>();
    const days = allDays.filter((day) => /^(1911|2011|2012)-/.test(isoDate(day)));
    const clashes = allPairs(days, spellings).filter(([source, target]) => {
      const known = meaning.get(source) ?? target;
      meaning.set(source, target);
      return known !== target;
    });
    expect(clashes).toEqual([]);
    expect(new Set(spellings.map(({ name }) => name)).size).toBe(spellings.length);
  });

  it("a split shares no date, and so no text", () => {
    const { train, dev, test } = splitDays(allDays, { dev: 25, test: 1000 }, 0);
    expect([dev.length, test.length]).toEqual([25, 1000]);
    expect([...train, ...dev, ...test].sort((a, b) => a - b)).toEqual(allDays);
    expect(splitDays(allDays, { dev: 25, test: 1000 }, 1).test).not.toEqual(test);
    const learned = new Set(train);
    const asked = [...dev, ...test].filter((day) => learned.has(day));
    expect(asked).toEqual([]);
  });
});

describe("characters", () => {
  const characters = new Characters(["2024年", "Aug"]);

  it("become numbers and characters again", () => {
    expect(characters.decode(characters.encode("gA年42"))).toBe("gA年42");
    expect(new Characters([characters.alphabet]).encode("A年")).toEqual(characters.encode("A年"));
    const { source, target, next } = characters.pairs([
      ["Aug", "20"],
      ["4", "42"],
    ]);
    const [A, u, g, zero, two, four] = characters.encode("Aug024");
    expect(source).toEqual({ dtype: "int32", shape: [3, 2], data: Int32Array.of(A, four, u, 0, g, 0) });
    expect(target).toEqual({
      dtype: "int32",
      shape: [3, 2],
      data: Int32Array.of(1, 1, two, four, zero, two),
    });
    expect(next).toEqual({ dtype: "int32", shape: [3, 2], data: Int32Array.of(two, four, zero, two, 2, 2) });
  });

  it.each([
    ["民国", '"民" in "民国" is in no spelling that was learned'],
    ["", 'a text has 1 to 64 characters, and "" has 0'],
    ["2".repeat(65), "has 65"],
  ])("refuse %j", async (text, message) => {
    expect(await messageOf(() => characters.sources([text]))).toContain(message);
  });
});

it("attention is drawn as it is", () => {
  const weights = [Float32Array.of(0.05, 0.15, 0.8), Float32Array.of(0.25, 0.35, 0.4)];
  expect(attentionTable({ read: ["1", "年", "g"], written: ["2", "end"], weights })).toEqual([
    "    │ 1年 g│ looks most at",
    '  2 │  ··██│ 80% "g" (3)',
    'end │░░▒▒▓▓│ 40% "g" (3)',
  ]);
});

describe("a short training", () => {
  const steps = 400;
  const { train, test } = splitDays(allDays, { dev: 0, test: 50 }, 0);
  const unseen = allPairs(test, spellings);
  let learned: Learned;
  beforeAll(async () => {
    const options = { steps, batchSize: 64, lr: 3e-3, warmupSteps: 50, seed: 0 };
    learned = await learn({ train, spellings, ...options, backend: await loadBackend() });
  }, 120_000);

  it("writes most unseen dates", async () => {
    const { share } = await exactMatch(learned, unseen, await loadBackend());
    expect(share).toBeGreaterThan(0.75);
  });

  it("does not mind what else is read at the same time", async () => {
    const normalizer = await DateNormalizer.open(learned, await loadBackend());
    const texts = spellings.map(({ write: one }) => one(test[0]));
    const together = await normalizer.normalize(texts);
    for (const [i, text] of texts.entries()) {
      const [alone] = await normalizer.normalize([text]);
      expect(together[i].date).toBe(alone.date);
      expect(together[i].probability).toBeCloseTo(alone.probability, 4);
    }
    await normalizer.dispose();
  });

  it("shows attention that adds up to 1", async () => {
    const [source, target] = unseen[0];
    const { read, written, weights } = await crossAttention(learned, source, target);
    expect(read.join("")).toBe(source);
    expect(written).toEqual([...Array.from(target), "end"]);
    for (const row of weights) {
      expect(row).toHaveLength(read.length);
      expect(row.reduce((total, one) => total + one, 0)).toBeCloseTo(1, 5);
    }
  });

  it("is saved, and answers on the command line", async () => {
    const file = join(folder, MODEL_FILE);
    const ask = (...texts: string[]) => start("run.ts", ...texts);
    await expect(ask("20 Aug 2024")).rejects.toThrow("there is no runs/dates/model.safetensors yet");
    await expect(ask()).rejects.toThrow("give a date");
    await save(learned, file);
    const { characters, state } = await load(file);
    await using other = await openSafetensors(file); // as others read it
    for (const [name, { shape, data }] of learned.state) {
      expect(other.tensors.get(name)).toMatchObject({ dtype: "F32", shape });
      expect(await other.read(name)).toEqual(data);
    }
    expect(characters.alphabet).toBe(learned.characters.alphabet);
    expect(state).toEqual(learned.state);
    const { stdout } = await ask("2024-08-20", "二〇二四年八月二十日");
    expect(stdout).toMatch(/^2024-08-20 {2}[01]\.\d{3} {2}2024-08-20$/m);
    expect(stdout.split("\n").filter((line) => line.includes("│"))).toHaveLength(12);
    await expect(ask("民国")).rejects.toThrow("in no spelling");
  });
});

it.each([
  [["--seed", "x"], "--seed takes a whole number, 0 or more, and not x\n"],
  [["--seed", "1.5"], "--seed takes a whole number, 0 or more, and not 1.5\n"],
  [["--seed", "-1"], /^Option '--seed' argument is ambiguous/],
  [["--seed=-1"], "--seed takes a whole number, 0 or more, and not -1\n"],
  [["--seed="], "--seed takes a whole number, 0 or more, and not \n"],
  [["--sead", "1"], /^Unknown option '--sead'/],
])("training refuses %o", async (argv, said) => {
  const error: unknown = await start("train.ts", ...argv).catch((reason: unknown) => reason);
  expect(error).toMatchObject({
    code: 1,
    stdout: "",
    stderr: said instanceof RegExp ? expect.stringMatching(said) : said,
  });
  expect(error).toMatchObject({ stderr: expect.not.stringMatching(/^ +at /m) });
});

it("both READMEs show the same code and output", () => {
  const blocks = ["README.md", "README.zh-CN.md"].map((name) =>
    readFileSync(join(root, "examples/dates", name), "utf8").match(/^```[a-z]+\n[\s\S]*?^```$/gm),
  );
  expect(blocks[0]?.length).toBeGreaterThan(3);
  expect(blocks[1]).toEqual(blocks[0]);
});
