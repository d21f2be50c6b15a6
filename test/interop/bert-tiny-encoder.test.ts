/**
 * A real encoder: BERT-tiny, fine-tuned by others for six emotions, through `attune/nn`'s own encoder.
 *
 *     logits = tanh(h_[CLS] Wp^T + bp) Wc^T + bc,   h = encoder(embedded tokens)
 *
 * Weights, embedded tokens and reference logits (numpy, float64) lie in the shared data folder, and its README tells
 * how the files are to be read; nothing of them is copied here.
 */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { expect, it } from "vitest";
import type { HostTensor, State } from "../../src/entry/nn.ts";
import {
  constant,
  evaluate,
  Linear,
  slice,
  tanh,
  TransformerEncoder,
  TransformerEncoderLayer,
} from "../../src/entry/nn.ts";
import { numbers } from "../compute.ts";
import { sharedData } from "../shared-data.ts";

const [d, inner, layers] = [128, 512, 2];

/** Text files by their path in an archive. */
type Files = ReadonlyMap<string, string>;

it("BERT-tiny gives the reference logits within 1e-4", async (context) => {
  const folder = sharedData(context, "weights_bert_tiny_encoder");
  const files: Files = new Map(
    ["emotion_weights", "sst2_layernorm"].flatMap((name) => [
      ...untar(gunzipSync(readFileSync(`${folder}/${name}.tar.gz`))),
    ]),
  );
  const references = referenceLogits(readFileSync(`${folder}/README.md`, "utf8"));
  expect(references.map(({ tokens }) => tokens)).toEqual([11, 13]);
  const classify = classifierOf(files);
  for (const { source, tokens, logits } of references) {
    const found = numbers(await evaluate(classify(embeddedTokens(files, source, tokens)), { threads: 1 }));
    expect(found).toHaveLength(logits.length);
    const worst = logits.reduce((most, value, i) => Math.max(most, Math.abs(value - found[i])), 0);
    expect(worst).toBeLessThan(1e-4);
  }
});

/** From embedded tokens [n, d] to logits [1, labels]. */
function classifierOf(files: Files) {
  const layer = new TransformerEncoderLayer({
    ...{ dModel: d, nHead: 2, dimFeedforward: inner, activation: "gelu", layerNormEps: 1e-12 },
  });
  const encoder = new TransformerEncoder(layer, { numLayers: layers });
  encoder.load(encoderState(files));
  const weight = (name: string) => read(files, `weights-emotion/${name}.txt`);
  const pooler = new Linear({ inFeatures: d, outFeatures: d });
  pooler.load(
    new Map([
      ["weight", matrix(transposed(weight("pooler_dense_weight"), d), [d, d])],
      ["bias", matrix(weight("pooler_dense_bias"), [d])],
    ]),
  );
  const labels = weight("classifier_bias").length;
  const head = new Linear({ inFeatures: d, outFeatures: labels });
  head.load(
    new Map([
      ["weight", matrix(weight("classifier_weight"), [labels, d])],
      ["bias", matrix(weight("classifier_bias"), [labels])],
    ]),
  );
  return (x: HostTensor) => head(tanh(pooler(slice(encoder(constant(x)), { axis: 0, start: 0, end: 1 }))));
}

function encoderState(files: Files): State {
  const entries = Array.from({ length: layers }, (_, l) => {
    const weight = (name: string) => read(files, `weights-emotion/layer${l}_${name}.txt`);
    const heads = ["query", "key", "value"];
    const blocks = (name: string) => joinedBlocks([1, 2, 3, 4].map((i) => weight(`${name}_weight${i}`)));
    const values = {
      "self_attn.in_proj_weight": matrix(
        heads.flatMap((name) => transposed(weight(`attself_${name}_weight`), d)),
        [3 * d, d],
      ),
      "self_attn.in_proj_bias": matrix(
        heads.flatMap((name) => weight(`attself_${name}_bias`)),
        [3 * d],
      ),
      "self_attn.out_proj.weight": matrix(weight("selfoutput_weight"), [d, d]),
      "self_attn.out_proj.bias": matrix(weight("selfoutput_bias"), [d]),
      "linear1.weight": matrix(transposed(blocks("intermediate"), inner), [inner, d]),
      "linear1.bias": matrix(weight("intermediate_bias"), [inner]),
      "linear2.weight": matrix(blocks("output"), [d, inner]),
      "linear2.bias": matrix(weight("output_bias"), [d]),
      ...normOf(files, `layer${l}_selfoutput`, "norm1"),
      ...normOf(files, `layer${l}_output`, "norm2"),
    };
    return Object.entries(values).map(([name, value]) => [`layers.${l}.${name}`, value] as const);
  });
  return new Map(entries.flat());
}

/** gamma_i = vy[i][p] / var[p] for a p with a variance; beta as it stands. */
function normOf(files: Files, half: string, name: string): Record<string, HostTensor<"float32">> {
  const part = (what: string) => read(files, `emotion-precompute/${half}_${what}.txt`);
  const [scaled, variance] = [part("vy"), part("var")];
  const places = scaled.length / d;
  const p = variance.slice(0, places).findIndex((value) => value !== 0);
  const gamma = Array.from({ length: d }, (_, i) => scaled[i * places + p] / variance[p]);
  return {
    [`${name}.weight`]: matrix(gamma, [d]),
    [`${name}.bias`]: matrix(part("normbias"), [d]),
  };
}

function embeddedTokens(files: Files, source: string, tokens: number): HostTensor {
  const rows = Array.from({ length: tokens }, (_, i) =>
    read(files, `${source}/tmp_embeddings/input_${i}.txt`),
  );
  return matrix(rows.flat(), [tokens, d]);
}

/** What the README says: where the tokens are, how many, and the logits. */
function referenceLogits(readme: string) {
  const pattern = /`(\w+)\/tmp_embeddings` \((\d+) tokens\) -> \[([^\]]+)\]/g;
  return [...readme.matchAll(pattern)].map(([, source, tokens, logits]) => ({
    source,
    tokens: Number(tokens),
    logits: logits.split(",").map(Number),
  }));
}

/** Numbers of a text file, between commas, spaces and line ends. */
function read(files: Files, path: string): number[] {
  const text = files.get(path);
  if (text === undefined) throw new Error(`the archives have no ${path}`);
  const values = text
    .split(/[\s,]+/)
    .filter((word) => word !== "")
    .map(Number);
  if (!values.every(Number.isFinite)) throw new Error(`${path} holds more than numbers`);
  return values;
}

function matrix(values: readonly number[], shape: readonly number[]): HostTensor<"float32"> {
  expect(values).toHaveLength(shape.reduce((count, size) => count * size, 1));
  return { dtype: "float32", shape, data: Float32Array.from(values) };
}

/** [rows, columns] -> [columns, rows] */
function transposed(values: readonly number[], columns: number): number[] {
  const rows = values.length / columns;
  return values.map((_, i) => values[(i % rows) * columns + Math.floor(i / rows)]);
}

/** Square blocks side by side: [d, d] each -> [d, d * blocks]. */
function joinedBlocks(blocks: readonly (readonly number[])[]): number[] {
  return Array.from({ length: d }, (_, row) =>
    blocks.flatMap((block) => block.slice(row * d, (row + 1) * d)),
  ).flat();
}

/** The regular files of a tar archive (POSIX ustar: blocks of 512 bytes, sizes in octal). */
function untar(archive: Buffer): Map<string, string> {
  const files = new Map<string, string>();
  const text = (start: number, end: number) => archive.toString("utf8", start, end).replace(/\0.*$/s, "");
  for (let at = 0; at + 512 <= archive.length && archive[at] !== 0; ) {
    const size = Number.parseInt(text(at + 124, at + 136), 8);
    const isFile = text(at + 156, at + 157) === "" || text(at + 156, at + 157) === "0";
    const prefix = text(at + 345, at + 500);
    const name = `${prefix === "" ? "" : `${prefix}/`}${text(at, at + 100)}`;
    if (isFile) files.set(name, archive.toString("utf8", at + 512, at + 512 + size));
    at += 512 + 512 * Math.ceil(size / 512);
  }
  return files;
}
