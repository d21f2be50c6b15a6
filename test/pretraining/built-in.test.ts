/** The built-in model: that it is whole, small, readable, and what training takes where no model is named. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { BUILT_IN_MODEL, modelPath, readModelFolder } from "../../src/models/checkpoint/index.ts";
import { MaskedLanguageModel, TextClassifier } from "../../src/tasks/index.ts";
import { whyNot } from "../../src/train/default-model.ts";
import { resolveTrainOptions, runTraining, tokenizerOfFolder } from "../../src/train/index.ts";
import { messageOf } from "../message-of.ts";
import { requireDist } from "../runtimes.ts";
import { collect, temporaryFolder } from "../temporary-files.ts";

const { folder, write } = temporaryFolder();

async function tokenizer() {
  const model = await readModelFolder(BUILT_IN_MODEL);
  await model.weights.close();
  return tokenizerOfFolder(model, 16_000);
}

const texts = {
  English: "The parcel arrived two days late, but the driver was friendly and helped to carry it upstairs.",
  Chinese: "包裹晚到了两天，不过司机很热情，还帮我把东西搬上了楼。",
  "traditional Chinese": "包裹晚到了兩天，不過司機很熱情，還幫我把東西搬上了樓。",
  both: "客服说 the refund would take five days，结果等了两周。",
};

const others = {
  French: "Le colis est arrivé avec deux jours de retard, mais le livreur était aimable et serviable.",
  German: "Das Paket kam zwei Tage zu spät an, aber der freundliche Fahrer trug es die Treppe hinauf.",
  Russian: "Посылка пришла на два дня позже, но водитель был приветлив.",
  Japanese: "荷物は二日遅れて届きましたが、運転手さんはとても親切でした。",
  Korean: "소포가 이틀 늦게 도착했지만 기사님은 친절했습니다.",
  Arabic: "وصل الطرد متأخرا يومين لكن السائق كان لطيفا.",
};

describe("the built-in model", () => {
  test("takes less than 20 MB in the package", () => {
    const path = modelPath(BUILT_IN_MODEL);
    const bytes = readdirSync(path).reduce((sum, name) => sum + statSync(join(path, name)).size, 0);
    expect(bytes).toBeGreaterThan(10e6);
    expect(bytes).toBeLessThan(20e6);
  });

  test.each(Object.entries(texts))("reads %s", async (_, text) => {
    expect(whyNot([text], await tokenizer())).toBeUndefined();
  });

  test.each(Object.entries(others))("leaves %s to others, and says why", async (_, text) => {
    expect(whyNot([text], await tokenizer())).toMatch(/letters|pieces|unknown/);
  });

  test("fills masks, in both languages", async (context) => {
    requireDist(context);
    const model = await MaskedLanguageModel.load(BUILT_IN_MODEL);
    try {
      const best = async (text: string) => {
        const [{ candidates }] = await model.fill(text, { topK: 10 });
        return candidates.map(({ token }) => token);
      };
      expect(await best("She was born [MASK] 1970 in New York.")).toContain("in");
      expect(await best("他出生于1970[MASK]。")).toContain("年");
    } finally {
      await model.dispose();
    }
  });

  test("does not classify before it is trained to", async (context) => {
    requireDist(context);
    expect(await messageOf(() => TextClassifier.load(BUILT_IN_MODEL))).toMatch(
      /^ERR_(UNTRAINED_HEAD|CONFIG_NO_HEAD): /,
    );
  });
});

describe("training without a model named", () => {
  const rows = (text: (i: number) => string) =>
    [
      "text,label",
      ...Array.from({ length: 12 }, (_, i) => `${text(i)},${i % 2 === 0 ? "even" : "odd"}`),
    ].join("\n");
  const options = (train: string) => ({ train, epochs: 1, batchSize: 4, threads: 1, seed: 1 });

  test("goes on from the built-in model, at a rate and for as long as its size asks for", async (context) => {
    requireDist(context);
    const train = write(
      "english.csv",
      rows((i) => `the parcel number ${i} came late again`),
    );
    const events = await collect(runTraining({ ...options(train), out: join(folder, "english") }));
    expect(events.find(({ event }) => event === "start")).toMatchObject({
      model: { from: "attune-zh-en-mini, built in", hiddenSize: 256, layers: 4 },
    });
    expect(resolveTrainOptions({ train, out: "x" }, { hiddenSize: 256, examples: 4840 })).toMatchObject({
      model: BUILT_IN_MODEL,
      lr: 3e-4,
      epochs: 8,
    });
    expect(resolveTrainOptions({ train, out: "x" }, { hiddenSize: 256, examples: 160 }).epochs).toBe(30);
  });

  test.each([
    ["small models get noise on their inputs", 256, 0.15, 0.2],
    ["large ones do not", 257, 0, 0],
  ])("%s", (_, hiddenSize, tokenDropout, pieceDropout) => {
    const given = { train: "x.csv", out: "x", model: folder };
    const resolved = resolveTrainOptions(given, { hiddenSize, examples: 1000 });
    expect(resolved).toMatchObject({ tokenDropout, pieceDropout });
  });

  test("starts from scratch where the texts are in another language, and says so", async (context) => {
    requireDist(context);
    const train = write(
      "russian.csv",
      rows((i) => `посылка номер ${i} снова опоздала`),
    );
    const events = await collect(runTraining({ ...options(train), out: join(folder, "russian") }));
    expect(events.find(({ event }) => event === "warning")).toMatchObject({
      code: "WARN_LANGUAGE",
      message: expect.stringMatching(/English and Chinese.*neither Latin nor Chinese.*from scratch \(mini\)/),
    });
    expect(events.find(({ event }) => event === "start")).toMatchObject({
      model: { from: "mini, from scratch" },
    });
  });

  test("starts from scratch where options are given for that", () => {
    expect(resolveTrainOptions({ train: "x", out: "y", vocabSize: 500 }).model).toBe("mini");
  });
});
