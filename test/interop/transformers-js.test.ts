/**
 * A folder written here loads in @huggingface/transformers (transformers.js) and gives the same logits.
 */
import { AutoModelForSequenceClassification, AutoTokenizer, env } from "@huggingface/transformers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { TextClassifier } from "../../src/tasks/index.ts";
import { runTraining } from "../../src/train/index.ts";
import { temporaryFolder, toyRun } from "../training/toy.ts";

const folder = temporaryFolder();

/** What is read of their answer, whose type is open. */
const outputSchema = z.object({ logits: z.object({ data: z.instanceof(Float32Array) }) });
const texts = [
  "the red box",
  "a very nice old box, three of them!",
  "my new box is blue. Isn't it?",
  "unknownword 红色 的 box \u{1f600}",
  "six",
];

describe("a folder exported by attune", () => {
  let classifier: TextClassifier;

  beforeAll(async () => {
    const options = { ...toyRun(folder, "model"), epochs: 2 };
    for await (const event of runTraining(options)) if (event.event === "done") break;
    classifier = await TextClassifier.load(options.out);
    await classifier.exportOnnx();
  });

  afterAll(() => classifier.dispose());

  it("gives transformers.js the same logits within 1e-4", async () => {
    env.allowRemoteModels = false;
    env.localModelPath = `${folder}/`;
    const model = await AutoModelForSequenceClassification.from_pretrained("model", { dtype: "fp32" });
    const tokenizer = await AutoTokenizer.from_pretrained("model");
    for (const text of texts) {
      const output: unknown = await model(tokenizer(text));
      const [ours] = await classifier.logits([text]);
      const theirs = outputSchema.parse(output).logits.data;
      expect(theirs.length).toBe(ours.length);
      theirs.forEach((logit, i) => expect(Math.abs(logit - ours[i])).toBeLessThan(1e-4));
    }
  });
});
