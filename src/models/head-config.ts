/**
 * The classification head in config.json: label names, and whether one or several labels hold of a text.
 *
 * Source: `PretrainedConfig` of Hugging Face transformers (`id2label`, `label2id`, `num_labels`, `problem_type`) and
 * its text-classification pipeline, which takes the softmax where `problem_type` is absent.
 *
 * Does not read regression heads: those are refused.
 */
import { AttuneError } from "../base/errors.ts";

/** Exactly one label of a text holds (softmax), or any number of them (one sigmoid each). */
export type ProblemType = "single_label_classification" | "multi_label_classification";

export interface ClassificationHead {
  readonly problemType: ProblemType;
  /** Names in the order of the logits, all different. */
  readonly labels: readonly string[];
}

/** The keys of config.json that describe the head, each of the right JSON type. */
export interface HeadFields {
  readonly architectures?: readonly string[] | null;
  readonly problem_type?: string | null;
  readonly id2label?: Readonly<Record<string, string>> | null;
  readonly label2id?: Readonly<Record<string, number>> | null;
  readonly num_labels?: number | null;
}

/**
 * The head that the file describes, or undefined where it describes another kind of model: transformers gives every
 * model an `id2label`, so `architectures` decides, and label names count alone only where that is absent.
 *
 * @throws AttuneError ERR_CONFIG_LABELS, ERR_CONFIG
 */
export function parseHead(file: HeadFields, source: string): ClassificationHead | undefined {
  const hasHead = file.architectures?.some((name) => name.endsWith("ForSequenceClassification"));
  if (!(hasHead ?? Boolean(file.id2label))) return undefined;
  const head = {
    problemType: parseProblemType(file.problem_type, source),
    labels: parseLabels(file, source),
  };
  checkHead(head, source);
  return head;
}

/** @throws AttuneError ERR_CONFIG_LABELS where two labels have one name or there are too few */
export function checkHead(head: ClassificationHead, source: string): void {
  const { labels, problemType } = head;
  const fewest = problemType === "single_label_classification" ? 2 : 1;
  if (labels.length < fewest) {
    throw labelError(
      `${problemType} needs at least ${fewest} label${fewest === 1 ? "" : "s"}`,
      `found ${labels.length === 0 ? "none" : JSON.stringify(labels)}`,
      "name every label",
      source,
    );
  }
  const repeated = labels.find((label, i) => labels.indexOf(label) !== i);
  if (repeated !== undefined) {
    const places = labels.flatMap((label, i) => (label === repeated ? [i] : []));
    throw labelError(
      "label names must differ",
      `"${repeated}" is the name of labels ${places.join(" and ")}`,
      "rename all but one",
      source,
    );
  }
}

/** The head's keys of config.json. */
export function formatHead(head: ClassificationHead): Record<string, unknown> {
  return {
    problem_type: head.problemType,
    id2label: Object.fromEntries(head.labels.map((label, i) => [i, label])),
    label2id: Object.fromEntries(head.labels.map((label, i) => [label, i])),
  };
}

function parseProblemType(name: string | null | undefined, source: string): ProblemType {
  if (name === null || name === undefined) return "single_label_classification";
  if (name === "single_label_classification" || name === "multi_label_classification") return name;
  throw new AttuneError("ERR_CONFIG", {
    rule: '"problem_type" must be "single_label_classification" or "multi_label_classification"',
    found: `found ${JSON.stringify(name)}`,
    next: "use a classification model",
    file: source,
  });
}

function parseLabels(file: HeadFields, source: string): string[] {
  const names = namesByNumber(file);
  const labels: string[] = [];
  for (let i = 0; i < names.size; i++) {
    const label = names.get(String(i));
    if (label === undefined) {
      throw labelError(
        "labels must be numbered 0, 1, 2, ... without a gap",
        `number ${i} is missing among ${[...names.keys()].join(", ")}`,
        'correct "id2label"',
        source,
      );
    }
    labels.push(label);
  }
  if (file.num_labels && file.num_labels !== labels.length) {
    throw labelError(
      '"num_labels" must be the number of label names',
      `found ${file.num_labels} and ${labels.length} names`,
      'correct "num_labels" or "id2label"',
      source,
    );
  }
  checkNumbers(labels, file.label2id ?? {}, source);
  return labels;
}

/** Files are common whose label2id still has default names: harmless. A label's own name at another number is not. */
function checkNumbers(
  labels: readonly string[],
  numbers: Readonly<Record<string, number>>,
  source: string,
): void {
  for (const [label, number] of Object.entries(numbers)) {
    const i = labels.indexOf(label);
    if (i === -1 || labels[number] === label) continue;
    throw labelError(
      '"id2label" and "label2id" must agree',
      `"${label}" is ${i} in the one and ${number} in the other`,
      "correct the wrong one",
      source,
    );
  }
}

/** Label names by number as written; transformers names labels LABEL_0, LABEL_1, ... where the file names none. */
function namesByNumber(file: HeadFields): Map<string, string> {
  if (file.id2label) return new Map(Object.entries(file.id2label));
  if (file.label2id) return new Map(Object.entries(file.label2id).map(([label, i]) => [String(i), label]));
  return new Map(Array.from({ length: file.num_labels ?? 2 }, (_, i) => [String(i), `LABEL_${i}`]));
}

function labelError(rule: string, found: string, next: string, file: string): AttuneError {
  return new AttuneError("ERR_CONFIG_LABELS", { rule, found, next, file });
}
