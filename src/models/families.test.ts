import { describe, expect, it, test } from "vitest";
import { matchParameters } from "./checkpoint/index.ts";
import { families, parseModelConfig } from "./families.ts";
import { requireClassifier } from "./family.ts";

const labels = { id2label: { 0: "no", 1: "yes", 2: "maybe" } };
const head = { labels: ["no", "yes", "maybe"], problemType: "single_label_classification" } as const;

/** Small numbers that fit, under every family's own keys. */
const small = {
  vocab_size: 31,
  hidden_size: 12,
  dim: 12,
  n_heads: 3,
  num_attention_heads: 3,
  n_layers: 2,
  num_hidden_layers: 2,
  pad_token_id: 1,
};

describe("config.json", () => {
  test.each(families.map(({ modelType }) => modelType))("of %s is written as it was read", (modelType) => {
    const json = { model_type: modelType, ...small, ...labels };
    const model = requireClassifier(parseModelConfig(json, "config.json"), "config.json");
    expect(model.family.modelType).toBe(modelType);
    expect(model.config).toMatchObject({ hiddenSize: 12, numHiddenLayers: 2, numAttentionHeads: 3, ...head });
    const written: unknown = JSON.parse(JSON.stringify(model.toHuggingFaceConfig()));
    expect(written).toMatchObject({ model_type: modelType, architectures: [model.architecture] });
    const again = requireClassifier(parseModelConfig(written, "config.json"), "config.json");
    expect(again.config).toEqual(model.config);
    expect(again.toHuggingFaceConfig()).toEqual(written);
  });

  it("without a model type is a BERT's", () => {
    expect(parseModelConfig({}, "config.json").encoder.family.modelType).toBe("bert");
  });

  test.each([
    [{ model_type: "gpt2" }, /ERR_MODEL_FAMILY: .*bert, distilbert, roberta, .*modernbert; found "gpt2"/],
    [{ model_type: "robberta" }, /found "robberta" .*did you mean "roberta"\?/],
    [{ model_type: 7 }, /ERR_MODEL_FAMILY: .*found 7/],
    [{ model_type: "distilbert", activation: "silu" }, /"activation" must be "gelu".*found "silu"/],
    [{ model_type: "distilbert", dim: 10, n_heads: 3 }, /hidden size 10 and 3 heads/],
    [{ model_type: "roberta", max_position_embeddings: 2 }, /found 2 positions and padding token 1/],
    [{ model_type: "roberta", is_decoder: true }, /"is_decoder" must be false/],
    [{ model_type: "albert", num_hidden_groups: 13 }, /found 12 layers and 13 groups/],
    [{ model_type: "electra", position_embedding_type: "relative_key" }, /"position_embedding_type"/],
    [{ model_type: "electra", embedding_size: 0 }, /"embedding_size" must be .*found 0/],
    [{ model_type: "ernie", use_task_id: 1 }, /"use_task_id" must be true or false; found 1/],
    [{ model_type: "modernbert", layer_types: ["full_attention"] }, /found 1 and 22 layers/],
    [{ model_type: "modernbert", layer_types: ["other"] }, /"layer_types\.0" must be "full_attention"/],
    [{ model_type: "modernbert", classifier_pooling: "max" }, /"classifier_pooling" must be "cls" or "mean"/],
    [
      { model_type: "modernbert", rope_parameters: { full_attention: { rope_type: "yarn" } } },
      /"rope_parameters\.full_attention\.rope_type" must be "default"; found "yarn"/,
    ],
    [{ model_type: "modernbert", rope_scaling: { factor: 2 } }, /"rope_scaling" must be absent/],
    [{ model_type: "modernbert", hidden_size: 15, num_attention_heads: 5 }, /even width/],
  ])("%j is refused", (json, message) => {
    expect(() => parseModelConfig(json, "model/config.json")).toThrow(message);
    expect(() => parseModelConfig(json, "model/config.json")).toThrow("(model/config.json)");
  });
});

// counts by hand: (vocabulary + positions + types + tasks) h + 2h, layers (4h^2 + 2hf + f + 9h), pooler h^2 + h if any
describe("models that are one of the families by their config.json", () => {
  const chinese = { vocab_size: 21128, max_position_embeddings: 512, pad_token_id: 0, hidden_act: "gelu" };
  test.each([
    [
      "MacBERT",
      {
        ...chinese,
        architectures: ["BertForMaskedLM"],
        model_type: "bert",
        directionality: "bidi",
        pooler_fc_size: 768,
        pooler_num_attention_heads: 12,
        pooler_type: "first_token_transform",
      },
      ["BERT", 102_267_648, 512],
    ],
    [
      "MiniLM-L12-H384",
      {
        hidden_size: 384,
        num_attention_heads: 12,
        intermediate_size: 1536,
        vocab_size: 30522,
        model_type: "bert",
      },
      ["BERT", 33_360_000, 512],
    ],
    [
      "multilingual MiniLM-L12-H384, an XLM-R",
      {
        model_type: "xlm-roberta",
        hidden_size: 384,
        num_attention_heads: 12,
        intermediate_size: 1536,
        vocab_size: 250002,
        max_position_embeddings: 514,
        type_vocab_size: 1,
        layer_norm_eps: 1e-5,
      },
      ["XLM-RoBERTa", 117_492_864, 512],
    ],
    [
      "ERNIE 3.0 base",
      {
        model_type: "ernie",
        vocab_size: 40000,
        max_position_embeddings: 2048,
        type_vocab_size: 4,
        task_type_vocab_size: 3,
        use_task_id: true,
        layer_norm_eps: 1e-5,
      },
      ["ERNIE", 117_944_832, 2048],
    ],
    [
      "ERNIE 1.0, converted as a BERT",
      { model_type: "bert", hidden_act: "relu", vocab_size: 18000, max_position_embeddings: 513 },
      ["BERT", 99_866_112, 513],
    ],
  ])("%s", (_, json, [name, parameters, maxTokens]) => {
    const { encoder, head: stored } = parseModelConfig(json, "config.json");
    const sizes = encoder.traceEncoder({ idType: "int64" }).parameters.map(({ shape }) => shape);
    const count = sizes.reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0);
    expect([encoder.family.name, count, encoder.maxTokens]).toEqual([name, parameters, maxTokens]);
    expect(stored).toBeUndefined();
  });
});

describe("checkpoints", () => {
  /** The heads of pre-training that stand beside the encoder in published files. */
  const pretraining: Record<string, string[]> = {
    bert: ["cls.predictions.bias", "bert.embeddings.position_ids"],
    distilbert: ["vocab_transform.weight", "vocab_layer_norm.bias", "vocab_projector.weight"],
    roberta: [
      "lm_head.dense.weight",
      "lm_head.bias",
      "roberta.embeddings.position_ids",
      "roberta.pooler.dense.bias",
    ],
    "xlm-roberta": ["lm_head.decoder.weight", "roberta.embeddings.position_ids"],
    albert: [
      "predictions.decoder.weight",
      "sop_classifier.classifier.weight",
      "albert.embeddings.position_ids",
    ],
    electra: [
      "discriminator_predictions.dense.weight",
      "generator_lm_head.bias",
      "electra.embeddings.position_ids",
    ],
    ernie: ["cls.seq_relationship.weight", "ernie.embeddings.position_ids"],
    modernbert: ["decoder.bias"],
  };

  describe.each(families.map(({ modelType }) => modelType))("%s", (modelType) => {
    const { encoder } = parseModelConfig({ model_type: modelType, ...small }, "config.json");
    const { checkpoint } = encoder;
    const classifier = encoder.withHead(head);
    const { parameters } = classifier.trace({ idType: "int64" });
    const inEncoder = parameters.filter(({ name }) => name.startsWith(`${checkpoint.prefix}.`));
    const file = (names: readonly string[], shapes = parameters) => ({
      path: "model.safetensors",
      tensors: new Map(names.map((name, i) => [name, { shape: shapes[i]?.shape ?? [1] }])),
    });

    it("pre-trained: the head is fresh, nothing else is missing or unexpected", () => {
      const names = [...inEncoder.map(({ name }) => name), ...(pretraining[modelType] ?? [])];
      const match = matchParameters(parameters, file(names, inEncoder), checkpoint);
      expect(match).toMatchObject({ freshHead: true, missing: [], mismatched: [], unexpected: [] });
      expect(match.fresh.length).toBe(parameters.length - inEncoder.length);
    });

    it("a bare encoder's: names without the prefix", () => {
      const bare = inEncoder.map(({ name }) => name.slice(checkpoint.prefix.length + 1));
      const match = matchParameters(parameters, file(bare, inEncoder), checkpoint);
      expect(match).toMatchObject({ freshHead: true, missing: [], mismatched: [], unexpected: [] });
      expect([...match.storedNames]).toEqual(inEncoder.map(({ name }, i) => [name, bare[i]]));
    });

    it("a classifier's: everything is there, and more layers than config.json says are refused", () => {
      const names = parameters.map(({ name }) => name);
      expect(matchParameters(parameters, file(names), checkpoint)).toMatchObject({
        freshHead: false,
        fresh: [],
      });
      const more = matchParameters(parameters, file([...names, `${checkpoint.layers}layer.9.x`]), checkpoint);
      expect(more.unexpected).toEqual([`${checkpoint.layers}layer.9.x`]);
    });
  });
});
