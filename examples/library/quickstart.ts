/**
 * The library from a CSV to a prediction, checking its own result. After `npm ci`, in the repository's root:
 *
 *     node --import ./scripts/typescript.js examples/library/quickstart.ts
 */
import assert from "node:assert/strict";
import { TextClassifier } from "attune";

const classifier = await TextClassifier.train({
  train: "examples/quickstart/train.csv",
  dev: "examples/quickstart/dev.csv",
  model: "tiny",
  epochs: 15,
  out: "runs/library-quickstart",
  seed: 1,
  onEvent(event) {
    if (event.event === "evaluation")
      console.log(`epoch ${event.epoch}: ${event.accuracy.toFixed(3)} on dev`);
  },
});

const report = await classifier.evaluate("examples/quickstart/test.csv");
const predictions = await classifier.predict([
  "I tried two cards at checkout and both payments were refused.",
  "我想退掉上周买的毛衣，退款要几天才能到账？",
]);
await classifier.dispose();

for (const prediction of predictions) {
  if ("label" in prediction) console.log(prediction.label, prediction.score.toFixed(3), prediction.receipt);
}
assert(report.kind === "single" && report.accuracy > 0.6, "six labels: guessing gives 0.17");
console.log(`${report.accuracy.toFixed(3)} on test`);
