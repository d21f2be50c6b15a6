/**
 * From corpus files to a token store with sequences for training and held-out ones.
 *
 * Documents are read twice at most: to learn the vocabulary, and to tokenize. The same text is taken once; which
 * documents are held out is a function of their text, so that the order of files does not matter.
 */
import { createHash } from "node:crypto";
import { AttuneError, internal } from "../base/errors.ts";
import { hashSource } from "../data/index.ts";
import type { BertTokenizer } from "../text/index.ts";
import { WordPieceTrainer } from "../text/index.ts";
import { type CorpusFile, corpusFiles, documents, isParquet } from "./documents.ts";
import { encoder } from "./encode-documents.ts";
import type { CorpusCounts, PretrainEvent } from "./events.ts";
import { specialTokens } from "./examples.ts";
import { defaultTextColumn, type ResolvedPretrainOptions } from "./options.ts";
import { ReportClock } from "./report-clock.ts";
import { hashText, SeenHashes } from "./seen-texts.ts";
import type { DocumentRange, Sequences } from "./sequences.ts";
import { cutDocuments } from "./sequences.ts";
import { TokenStore, TokenStoreWriter } from "./token-store.ts";

export interface CorpusSource {
  readonly files: readonly CorpusFile[];
  readonly devFiles: readonly CorpusFile[];
  /** SHA-256 of each file, by path. */
  readonly sha256: Readonly<Record<string, string>>;
}

export interface Corpus {
  readonly store: TokenStore;
  readonly train: Sequences;
  readonly dev: Sequences;
  readonly counts: CorpusCounts;
}

/**
 * Finds the files and hashes them.
 *
 * @param onChunk called as files are read, which may take long; may throw to stop
 * @throws as `corpusFiles` does; ERR_OPTION_UNUSED for a column or an encoding that no file has
 */
export async function findCorpus(
  options: ResolvedPretrainOptions,
  onChunk: () => void = () => {},
): Promise<CorpusSource> {
  const files = await corpusFiles(options.corpora, options);
  const devFiles = options.dev === undefined ? [] : await corpusFiles([options.dev], options);
  const { textColumn, encoding } = options;
  const all = [...files, ...devFiles];
  if (textColumn !== defaultTextColumn && !all.some(({ layout }) => layout === "rows"))
    throw unusedColumn(options);
  if (encoding !== undefined && all.every(isParquet)) throw unusedEncoding(options, encoding);
  const sha256: Record<string, string> = {};
  for (const { path } of all) sha256[path] = await hashSource(path, onChunk);
  return { files, devFiles, sha256 };
}

/** Learns a vocabulary from the corpus, held-out files left out. */
export async function* learnVocabulary(
  { files }: CorpusSource,
  options: ResolvedPretrainOptions,
): AsyncGenerator<PretrainEvent, string[]> {
  const { vocabSize, minFrequency, alphabetLimit, lowercase } = options;
  const trainer = new WordPieceTrainer({ vocabSize, minFrequency, alphabetLimit, lowercase });
  yield { event: "phase", phase: "vocabulary" };
  const clock = new ReportClock();
  const reading = (file: number) =>
    ({ event: "reading", documents: clock.documents, file, files: files.length }) as const;
  for (const [i, file] of files.entries()) {
    for await (const text of documents(file, options)) {
      trainer.add(text);
      if (clock.tick()) yield reading(i);
    }
  }
  yield reading(files.length); // what follows may take long
  return trainer.vocabulary();
}

/**
 * The tokenized corpus: the store in `folder` where it was made of the same files in the same way, else a new one.
 *
 * @throws ERR_CORPUS_EMPTY where no document is long enough, or none of `dev`, ERR_CORPUS_SMALL where nothing could be held out
 */
export async function* tokenizeCorpus(
  source: CorpusSource,
  tokenizer: BertTokenizer,
  options: ResolvedPretrainOptions,
  folder: string,
): AsyncGenerator<PretrainEvent, Corpus> {
  const made = {
    sha256: source.sha256,
    dev: source.devFiles.map(({ path }) => path),
    tokenizer: createHash("sha256").update(tokenizer.toTokenizerJson()).digest("hex"),
    ...pick(options),
  };
  const known = await TokenStore.open(folder);
  if (known !== undefined && JSON.stringify(known.meta.made) === JSON.stringify(made))
    return fromStore(known.store, known.meta, options);
  known?.store.close();
  yield { event: "phase", phase: "tokenizing" };
  yield* writeStore(source, tokenizer, options, folder, made);
  const written = await TokenStore.open(folder);
  if (written === undefined) throw internal(`the token store in ${folder} is gone`);
  return fromStore(written.store, written.meta, options);
}

/**
 * A corpus that was tokenized earlier, from its store alone.
 *
 * @throws ERR_CORPUS_STORE where the folder holds no whole store
 */
export async function openCorpus(folder: string, options: ResolvedPretrainOptions): Promise<Corpus> {
  const known = await TokenStore.open(folder);
  if (known !== undefined) return fromStore(known.store, known.meta, options);
  throw new AttuneError("ERR_CORPUS_STORE", {
    rule: "a tokenized corpus is a folder with tokens.bin, documents.bin and meta.json",
    found: "found no meta.json",
    next: "copy the whole folder again",
    file: folder,
  });
}

/** The options that decide what is in the store. */
function pick(options: ResolvedPretrainOptions) {
  const { devShare, devTokens, textColumn, encoding, minTokens, masking, seed } = options;
  return { devShare, devTokens, textColumn, encoding, minTokens, words: masking !== "tokens", seed };
}

async function* writeStore(
  source: CorpusSource,
  tokenizer: BertTokenizer,
  options: ResolvedPretrainOptions,
  folder: string,
  made: Readonly<Record<string, unknown>>,
): AsyncGenerator<PretrainEvent> {
  const encode = encoder(tokenizer, options.masking !== "tokens");
  const writer = await TokenStoreWriter.create(folder);
  const seen = new SeenHashes();
  const candidates: Candidate[] = [];
  const clock = new ReportClock();
  const counts = { documents: 0, short: 0, duplicate: 0, unknown: 0, tokens: 0 };
  const groups = [
    ...source.devFiles.map((file) => ({ file, dev: true })),
    ...source.files.map((file) => ({ file, dev: false })),
  ];
  try {
    for (const [i, { file, dev }] of groups.entries()) {
      for await (const text of documents(file, options)) {
        if (clock.tick())
          yield { event: "reading", documents: clock.documents, file: i, files: groups.length };
        const hash = hashText(text);
        if (!seen.add(hash)) {
          counts.duplicate++;
          continue;
        }
        const { tokens, unknown } = encode(text);
        if (tokens.length < options.minTokens) {
          counts.short++;
          continue;
        }
        const share = hash / 2 ** 48;
        if (options.dev === undefined ? share < options.devShare : dev)
          candidates.push({ document: counts.documents, share, tokens: tokens.length });
        counts.documents++;
        counts.tokens += tokens.length;
        counts.unknown += unknown;
        await writer.add(tokens);
      }
    }
    await writer.finish({
      made,
      heldOut:
        options.dev === undefined
          ? heldOut(candidates, options.devTokens)
          : candidates.map((c) => c.document),
      shortDocuments: counts.short,
      duplicateDocuments: counts.duplicate,
      unknownShare: counts.unknown / Math.max(1, counts.tokens),
    });
  } catch (error) {
    await writer.abandon();
    throw error;
  }
}

/** A document that may be held out. */
interface Candidate {
  readonly document: number;
  /** Uniform in [0, 1), from its text. */
  readonly share: number;
  readonly tokens: number;
}

/** The candidates with the smallest shares that fit `devTokens`: a sample of all files, not of the first ones. */
function heldOut(candidates: readonly Candidate[], devTokens: number): number[] {
  const chosen: number[] = [];
  let room = devTokens;
  for (const { document, tokens } of [...candidates].sort((a, b) => a.share - b.share)) {
    if (tokens > room) continue;
    chosen.push(document);
    room -= tokens;
  }
  return chosen.sort((a, b) => a - b);
}

function fromStore(
  store: TokenStore,
  meta: Readonly<Record<string, unknown>>,
  options: ResolvedPretrainOptions,
): Corpus {
  const out = new Set(Array.isArray(meta.heldOut) ? meta.heldOut.map(Number) : []);
  const train: DocumentRange[] = [];
  const dev: DocumentRange[] = [];
  store.ends.forEach((end, i) => {
    (out.has(i) ? dev : train).push({ start: i === 0 ? 0 : store.ends[i - 1], end });
  });
  if (train.length === 0 || (options.dev !== undefined && dev.length === 0)) {
    store.close();
    throw emptyCorpus(options, meta, train.length === 0 ? undefined : options.dev);
  }
  if (dev.length === 0) {
    // a small corpus: hold out the last document
    const last = train.pop();
    if (last === undefined || train.length === 0) {
      store.close();
      throw smallCorpus(options);
    }
    dev.push(last);
  }
  const most = options.maxLength - specialTokens(options.objective);
  const sequences = { train: cutDocuments(train, most), dev: cutDocuments(dev, most) };
  const tokensOf = (ranges: readonly DocumentRange[]) =>
    ranges.reduce((sum, { start, end }) => sum + end - start, 0);
  return {
    store,
    ...sequences,
    counts: {
      documents: train.length,
      tokens: tokensOf(train),
      sequences: sequences.train.starts.length,
      devDocuments: dev.length,
      devTokens: tokensOf(dev),
      shortDocuments: Number(meta.shortDocuments),
      duplicateDocuments: Number(meta.duplicateDocuments),
      unknownShare: Number(meta.unknownShare),
    },
  };
}

function unusedColumn({ textColumn, corpora }: ResolvedPretrainOptions): AttuneError {
  return new AttuneError("ERR_OPTION_UNUSED", {
    rule: "--text names a column of tables: CSV, TSV, JSON lines, JSON or Parquet",
    found: `it is "${textColumn}", and every file is plain text`,
    next: "leave --text out, or check the file's name",
    file: corpora[0],
  });
}

function unusedEncoding({ corpora }: ResolvedPretrainOptions, encoding: string): AttuneError {
  return new AttuneError("ERR_OPTION_UNUSED", {
    rule: "--encoding is for text files: Parquet says itself how its texts are encoded",
    found: `it is "${encoding}", and every file is Parquet`,
    next: "leave --encoding out",
    file: corpora[0],
  });
}

/** @param dev the held-out text, where that is what is empty */
function emptyCorpus(
  { corpora, minTokens }: ResolvedPretrainOptions,
  { shortDocuments }: Readonly<Record<string, unknown>>,
  dev: string | undefined,
): AttuneError {
  return new AttuneError("ERR_CORPUS_EMPTY", {
    rule: `${dev === undefined ? "a corpus" : "held-out text"} must hold documents of ${minTokens} tokens or more`,
    found:
      dev === undefined
        ? `found none; ${Number(shortDocuments)} are shorter`
        : "all of its documents are shorter",
    next: "pass more text, or a lower --min-tokens",
    file: dev ?? corpora[0],
  });
}

function smallCorpus({ corpora }: ResolvedPretrainOptions): AttuneError {
  return new AttuneError("ERR_CORPUS_SMALL", {
    rule: "a corpus must hold two documents or more: one to train on, one to measure on",
    found: "found one",
    next: "pass more text; documents are separated by blank lines, or stand one a line",
    file: corpora[0],
  });
}
