/** A walk through a layer has the numbers of the model: each step against plain loops, the logits against predict. */
import { beforeAll, describe, expect, it } from "vitest";
import { ofHead, TextClassifier, walkLayer } from "../../src/tasks/index.ts";
import { requireDist } from "../runtimes.ts";
import { temporaryFolder } from "../temporary-files.ts";
import { bertByHand } from "./by-hand.ts";
import { config, weights, writeFolder } from "./folder.ts";

const { folder } = temporaryFolder();
let model: string;

beforeAll(async () => {
  model = await writeFolder(folder, "model");
});

function close(found: ArrayLike<number>, expected: readonly number[], what: string): void {
  expect(`${what}: ${found.length}`).toBe(`${what}: ${expected.length}`);
  const off = expected.findIndex(
    (value, i) => !(Math.abs(found[i] - value) <= 1e-5 * Math.max(1, Math.abs(value))),
  );
  expect(off < 0 ? "" : `${what}[${off}] is ${found[off]}, should be ${expected[off]}`).toBe("");
}

const text = "Where is my parcel?";

describe("a walk", () => {
  it.each([
    ["a text", { text }],
    ["a pair", { text, textPair: "我的包裹" }],
    ["a padded text", { text: "thanks", padTo: 7 }],
  ])("with %s has the numbers of plain loops in every step of every layer", async (_, options) => {
    for (let layer = 0; layer < config.numHiddenLayers; layer++) {
      const walk = await walkLayer(model, { ...options, layer });
      const { layers, logits } = bertByHand(walk.tokens, config, weights);
      expect(Object.keys(walk.steps)).toEqual(Object.keys(layers[layer]));
      for (const [name, { values, shape, dims }] of Object.entries(walk.steps)) {
        close(values, layers[layer][name], `layer ${layer} ${name}`);
        expect(shape.reduce((a, b) => a * b)).toBe(values.length);
        expect(shape.length).toBe(dims.length);
      }
      close(walk.logits?.map(({ logit }) => logit) ?? [], logits, "logits");
    }
  });

  it("ends in the logits of predict, padded or not", async () => {
    const classifier = await TextClassifier.load(model);
    const [logits] = await classifier.logits([text]);
    await classifier.dispose();
    for (const padTo of [undefined, 11]) {
      const walk = await walkLayer(model, { layer: 1, text, padTo });
      expect(walk.logits?.map(({ label }) => label)).toEqual(config.labels);
      close(walk.logits?.map(({ logit }) => logit) ?? [], logits, "logits");
    }
  });

  it("says what it read, and where each step is recorded", async () => {
    const walk = await walkLayer(model, { layer: 2, text, textPair: "thank you", padTo: 13 });
    expect(walk.tokens.map(({ token }) => token).join(" ")).toBe(
      "[CLS] where is my parcel ? [SEP] thank you [SEP] [PAD] [PAD] [PAD]",
    );
    expect(walk.tokens.map(({ type }) => type).join("")).toBe("0000000111000");
    expect(walk).toMatchObject({
      layer: 2,
      layers: 3,
      heads: 2,
      headSize: 5,
      hiddenSize: 10,
      layerNormEps: 1e-3,
    });
    expect(walk.steps.scores).toMatchObject({
      path: "bert.encoder.layer.2.attention.self.scores",
      dims: ["heads", "t", "s"],
      shape: [2, 13, 13],
    });
    expect(walk.receipt).toEqual({ tokens: 10, truncatedTokens: 0, unknownTokens: 0 });
  });

  it("cuts a text that is too long, and says so", async () => {
    const long = await walkLayer(model, { layer: 0, text: "my ".repeat(40) });
    expect([long.tokens.length, long.receipt.truncatedTokens]).toEqual([17, 25]);
    const shorter = await writeFolder(folder, "shorter", { maxLength: 5 });
    const cut = await walkLayer(shorter, { layer: 0, text });
    expect([cut.tokens.length, cut.receipt.truncatedTokens]).toEqual([5, 2]);
  });

  it("shows one head alone", async () => {
    const all = await walkLayer(model, { layer: 0, text });
    const one = await walkLayer(model, { layer: 0, text, head: 1 });
    const t = all.tokens.length;
    expect(one.head).toBe(1);
    expect(one.steps.weights).toMatchObject({ dims: ["t", "s"], shape: [t, t] });
    expect(one.steps.weights.values).toEqual(all.steps.weights.values.subarray(t * t));
    expect(one.steps.q).toMatchObject({ dims: ["t", "d"], shape: [t, 5] });
    const rows = Array.from({ length: t }, (_, i) => [
      ...all.steps.q.values.subarray(i * 10 + 5, i * 10 + 10),
    ]);
    expect([...one.steps.q.values]).toEqual(rows.flat());
    expect(one.steps.input).toEqual(all.steps.input);
    expect(ofHead(all.steps.k, 1)).toEqual(one.steps.k);
  });

  it("needs no classifier and no pooler", async () => {
    const bare = weights.filter(({ name }) => !/^classifier|pooler/.test(name));
    const path = await writeFolder(folder, "bare", { tensors: bare });
    const walk = await walkLayer(path, { layer: 2, text });
    const { layers } = bertByHand(walk.tokens, config, weights);
    close(walk.steps.output.values, layers[2].output, "output");
    expect(walk.logits).toBeUndefined();
  });

  it("computes the same on the WASM runtime", async (context) => {
    requireDist(context);
    const walk = await walkLayer(model, { layer: 1, text, device: "wasm", threads: 1 });
    expect(walk.device).toMatch(/^wasm/);
    const { layers } = bertByHand(walk.tokens, config, weights);
    for (const [name, { values }] of Object.entries(walk.steps)) close(values, layers[1][name], name);
  });

  it.each([
    ["a layer too many", { layer: 3 }, "ERR_LAYER", /3, and the model has 0 to 2/],
    ["half a layer", { layer: 0.5 }, "ERR_LAYER", /0\.5/],
    ["a head too many", { head: 2 }, "ERR_HEAD", /2, and the layer has 0 to 1/],
    ["an empty text", { text: "" }, "ERR_EMPTY_TEXT", /the text is blank/],
    ["a blank text", { text: " \n" }, "ERR_EMPTY_TEXT", /the text is blank/],
    ["a blank second text", { textPair: "" }, "ERR_EMPTY_TEXT", /the second text is blank/],
    ["padding that would cut", { padTo: 6 }, "ERR_PAD_TO", /7 tokens.*7\.\.17/],
    ["padding beyond the positions", { padTo: 18 }, "ERR_PAD_TO", /17 positions/],
  ])("refuses %s", async (_, options, code, message) => {
    const walk = walkLayer(model, { layer: 0, text, ...options });
    await expect(walk).rejects.toMatchObject({ code, message: expect.stringMatching(message) as string });
  });
});
