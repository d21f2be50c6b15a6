/** The README.md of a trained model: what it is, what it was trained on, how good it is, how to use it. */
import type { Report } from "./events.ts";
import type { Manifest } from "./manifest.ts";
import type { StartingModel } from "./starting-model.ts";

export interface CardFacts {
  readonly start: StartingModel;
  readonly manifest: Manifest;
  readonly examples: { readonly train: number; readonly dev: number; readonly test: number | undefined };
  readonly dev: Report;
  readonly test: Report | undefined;
}

/** Markdown with the front matter that model hubs read. */
export function modelCard({ start, manifest, examples, dev, test }: CardFacts): string {
  const { config, family, architecture } = start.model;
  const rows = [
    ["dev", examples.dev, dev] as const,
    ...(test === undefined ? [] : [["test", examples.test, test] as const]),
  ];
  return `---
library_name: attune
pipeline_tag: text-classification
tags: [${family.modelType}, text-classification]
---

# Text classifier: ${config.labels.slice(0, 8).join(", ")}${config.labels.length > 8 ? ", ..." : ""}

${family.name} with ${config.numHiddenLayers} layers of ${config.hiddenSize} units, ${config.labels.length} labels${
    config.problemType === "multi_label_classification" ? ", several may hold of one text" : ""
  }. Trained by attune ${manifest.attune} from ${start.from} on ${examples.train} examples, seed ${String(manifest.options.seed)}.

| data | examples | ${dev.kind === "single" ? "accuracy" : "subset accuracy"} | macro F1 | log loss | calibration error |
|---|---|---|---|---|---|
${rows.map(([name, count, report]) => `| ${name} | ${count} | ${accuracy(report)} | ${round(report.macroF1)} | ${round(report.logLoss)} | ${round(report.ece)} |`).join("\n")}

    attune predict FOLDER texts.txt

The folder has the layout of Hugging Face transformers and loads there as \`${architecture}\`.
`;
}

function accuracy(report: Report): string {
  return round(report.kind === "single" ? report.accuracy : report.subsetAccuracy);
}

function round(value: number): string {
  return value.toFixed(4);
}
