/**
 * The corpus of the built-in model: Wikipedia articles in English and Chinese, one JSON line a document.
 *
 *     node --import ./scripts/typescript.js scripts/builtin-model/prepare-corpus.ts OUT FILE...
 *
 * Reads WikiExtractor output, or plain text with documents separated by blank lines; each also gzipped. Of Chinese
 * documents three in four are written in simplified characters (opencc-js, Traditional to Simplified), since the
 * encyclopedia mixes both scripts and most labelled Chinese text is simplified; one in four stays as it is, so that
 * traditional characters are known too. Which one is a function of the text. Documents below 64 characters are left
 * out: most are redirects and titles. Also drops the parentheses that WikiExtractor leaves empty.
 */
import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { once } from "node:events";
import { createGzip } from "node:zlib";
import { Converter } from "opencc-js/t2cn";
import { corpusFiles, documents } from "../../src/pretrain/documents.ts";

const SHORTEST = 64;

const [out, ...paths] = process.argv.slice(2);
if (out === undefined || paths.length === 0) {
  console.error("usage: prepare-corpus.ts OUT FILE...");
  process.exit(2);
}

const simplify = Converter({ from: "t", to: "cn" });
const options = { textColumn: "text" };
const counts = { english: 0, chinese: 0, simplified: 0, short: 0 };

await mkdir(out, { recursive: true });
const english = open(join(out, "en.jsonl.gz"));
const chinese = open(join(out, "zh.jsonl.gz"));
for (const file of await corpusFiles(paths, options)) {
  // these are named after another format than the one they have
  const layout =
    file.layout === "rows" && !/parquet|csv|tsv/.test(file.path) ? await look(file) : file.layout;
  for await (const raw of documents({ ...file, layout }, options)) {
    const text = raw.replace(/[（(][，,；;、\s]*[）)]/g, "").trim();
    if (text.length < SHORTEST) {
      counts.short++;
      continue;
    }
    if (!isChinese(text)) {
      counts.english++;
      await write(english, text);
      continue;
    }
    counts.chinese++;
    const asItIs = createHash("sha256").update(text).digest()[0] % 4 === 0;
    if (!asItIs) counts.simplified++;
    await write(chinese, asItIs ? text : simplify(text));
  }
}
for (const stream of [english, chinese]) {
  stream.end();
  await once(stream.sink, "finish");
}
console.log(JSON.stringify(counts));

/** Whether at least a fifth of the letters are Chinese characters. */
function isChinese(text: string): boolean {
  const head = text.slice(0, 400);
  const han = head.match(/\p{Script=Han}/gu)?.length ?? 0;
  return han > (head.match(/\p{L}/gu)?.length ?? 0) / 5;
}

async function look(file: { path: string; gzip: boolean }) {
  const asWiki = documents({ ...file, layout: "lines" }, options);
  for await (const line of asWiki) return line.startsWith("<doc ") ? ("wiki" as const) : ("rows" as const);
  return "rows" as const;
}

function open(path: string) {
  const gzip = createGzip();
  const sink = createWriteStream(path);
  gzip.pipe(sink);
  return Object.assign(gzip, { sink });
}

async function write(stream: ReturnType<typeof open>, text: string): Promise<void> {
  if (!stream.write(`${JSON.stringify({ text })}\n`)) await once(stream, "drain");
}
