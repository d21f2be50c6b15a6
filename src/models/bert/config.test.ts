import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AttuneError } from "../../base/errors.ts";
import {
  bertDefaults,
  checkSequenceClassificationConfig,
  parseBertConfig,
  parseSequenceClassificationConfig,
  toHuggingFaceConfig,
  type SequenceClassificationConfig,
} from "./config.ts";

const config: SequenceClassificationConfig = {
  vocabSize: 1009,
  hiddenSize: 48,
  numHiddenLayers: 3,
  numAttentionHeads: 6,
  intermediateSize: 96,
  maxPositionEmbeddings: 70,
  typeVocabSize: 5,
  layerNormEps: 1e-6,
  hiddenDropoutProb: 0.2,
  attentionProbsDropoutProb: 0.3,
  classifierDropout: 0.4,
  initializerRange: 0.05,
  hiddenAct: "gelu",
  padTokenId: 7,
  problemType: "multi_label_classification",
  labels: ["refund", "物流", "1", "__proto__"],
};

describe("reading config.json", () => {
  test("every number is read under its own name", () => {
    const json: unknown = JSON.parse(JSON.stringify(toHuggingFaceConfig(config)));
    expect(parseSequenceClassificationConfig(json, "config.json")).toEqual(config);
  });

  test("absent keys take the defaults of BERT-base; a file as Google wrote it has no model_type", () => {
    const parsed = parseBertConfig({ directionality: "bidi", pad_token_id: null }, "config.json");
    expect(parsed.encoder).toEqual(bertDefaults);
    expect(parsed.head).toBeUndefined();
    expect(parsed.ignored).toEqual({ directionality: "bidi" });
  });

  test("a pre-trained model has no head, whatever id2label it carries", () => {
    const json = { architectures: ["BertForMaskedLM"], id2label: { 0: "LABEL_0", 1: "LABEL_1" } };
    expect(parseBertConfig(json, "config.json").head).toBeUndefined();
    expect(() => parseSequenceClassificationConfig(json, "config.json")).toThrow(
      /ERR_CONFIG_NO_HEAD: .*found BertForMaskedLM \(config\.json\); fine-tune/,
    );
  });

  const architectures = ["BertForSequenceClassification"];
  test.each([
    ["named labels, softmax by default", { architectures, id2label: { 1: "b", 0: "a" } }, ["a", "b"]],
    ["a number of labels", { architectures, num_labels: 3 }, ["LABEL_0", "LABEL_1", "LABEL_2"]],
    ["nothing", { architectures }, ["LABEL_0", "LABEL_1"]],
    ["numbers by name", { architectures, label2id: { b: 1, a: 0 } }, ["a", "b"]],
    ["no architecture", { id2label: { 0: "a", 1: "b" } }, ["a", "b"]],
    [
      "label2id left at its default",
      { id2label: { 0: "a", 1: "b" }, label2id: { LABEL_0: 0, LABEL_1: 1 } },
      ["a", "b"],
    ],
  ])("labels from %s", (_, json, labels) => {
    expect(parseBertConfig(json, "config.json").head).toEqual({
      problemType: "single_label_classification",
      labels,
    });
  });

  test.each([
    [{ hidden_act: "silu" }, /"hidden_act" must be "gelu" or "gelu_new".*implemented; found "silu"/],
    [{ model_type: "roberta" }, /"model_type" must be "bert"; found "roberta"/],
    [{ position_embedding_type: "relative_key" }, /"position_embedding_type".*found "relative_key"/],
    [{ is_decoder: true }, /"is_decoder" must be false; found true/],
    [{ add_cross_attention: true }, /"add_cross_attention" must be false/],
    [{ pruned_heads: { 1: [0] } }, /"pruned_heads" must be empty/],
    [{ quantization_config: { bits: 8 } }, /"quantization_config" must be absent; found {"bits":8}/],
    [{ hidden_size: 130 }, /hidden size 130 and 12 heads/],
    [{ num_hidden_layers: 0 }, /"num_hidden_layers" must be a whole number, 1 or more; found 0/],
    [{ vocab_size: -1 }, /"vocab_size" must be .*found -1/],
    [{ intermediate_size: 2.5 }, /"intermediate_size" must be .*found 2\.5/],
    [{ hidden_size: "768" }, /"hidden_size" must be .*found "768"/],
    [{ hidden_size: null }, /"hidden_size" must be .*found null/],
    [{ hidden_dropout_prob: 1 }, /"hidden_dropout_prob" must lie in \[0, 1\); found 1/],
    [{ classifier_dropout: -0.1 }, /"classifier_dropout" must lie in \[0, 1\); found -0\.1/],
    [{ layer_norm_eps: 0 }, /"layer_norm_eps" must be a number above 0; found 0/],
    [{ pad_token_id: 30522 }, /padding token 30522 and a vocabulary of 30522/],
    [{ architectures: "BertModel" }, /"architectures" must be a list of names; found "BertModel"/],
    [{ id2label: { 0: "a", 1: 2 } }, /"id2label\.1" must be a name; found 2/],
    [{ id2label: { 0: "a", 2: "b" } }, /ERR_CONFIG_LABELS: .*number 1 is missing among 0, 2/],
    [{ id2label: { 0: "a", 1: "a" } }, /"a" is the name of labels 0 and 1/],
    [{ id2label: { 0: "a" } }, /single_label_classification needs at least 2 labels; found \["a"\]/],
    [{ id2label: { 0: "a", 1: "b" }, num_labels: 3 }, /found 3 and 2 names/],
    [{ id2label: { 0: "a", 1: "b" }, label2id: { b: 0, a: 1 } }, /"b" is 1 in the one and 0 in the other/],
    [{ id2label: { 0: "a", 1: "b" }, problem_type: "regression" }, /"problem_type".*found "regression"/],
    [[], /configuration must be a JSON object; found \[\]/],
    [null, /configuration must be a JSON object; found null/],
  ])("refuses %j", (json, message) => {
    expect(() => parseBertConfig(json, "model/config.json")).toThrow(message);
    expect(() => parseBertConfig(json, "model/config.json")).toThrow("(model/config.json)");
  });

  test("never fails but with an error of ours, whatever the JSON", () => {
    const keys = fc.constantFrom(
      "hidden_size",
      "id2label",
      "label2id",
      "num_labels",
      "architectures",
      "pad_token_id",
    );
    fc.assert(
      fc.property(fc.dictionary(keys, fc.jsonValue()), (json) => {
        expect(outcome(() => parseBertConfig(json, "config.json"))).toMatch(/^ERR_CONFIG|^fine/);
      }),
    );
  });
});

function outcome(run: () => unknown): string {
  try {
    run();
    return "fine";
  } catch (error) {
    return String(error instanceof AttuneError ? error.code : error);
  }
}

describe("checking options", () => {
  test.each([
    [{ hiddenSize: 50 }, /found hidden size 50 and 6 heads \(flags\)/],
    [{ hiddenDropoutProb: Number.NaN }, /"hiddenDropoutProb" must lie in \[0, 1\); found NaN/],
    [{ numHiddenLayers: undefined }, /"numHiddenLayers" must be .*found undefined/],
    [{ hiddenSise: 48 }, /found "hiddenSise" \(flags\); did you mean "hiddenSize"/],
    [{ labels: [] }, /multi_label_classification needs at least 1 label; found none/],
  ])("refuses %j", (change, message) => {
    const changed: SequenceClassificationConfig = Object.assign({}, config, change);
    expect(() => checkSequenceClassificationConfig(changed, "flags")).toThrow(message);
  });
});
