/**
 * From corpus files to a token store with sequences for training and held-out ones.
 *
 * Documents are read twice at most: to learn the vocabulary, and to tokenize. The same text is taken once; which
 * documents are held out is a function of their text, so that the order of files does not matter. Where words are
 * hidden whole, Chinese words are found by Unicode's segmenter with the dictionary that Node brings (ICU); English ones
 * are what WordPiece splits.
 */
import { createHash } from "node:crypto";
import { AttuneError, internal } from "../base/errors.ts";
import { hashSource } from "../data/index.ts";
import type { BertTokenizer } from "../text/index.ts";
import { SPECIAL_TOKENS, WordPieceTrainer } from "../text/index.ts";
import { type CorpusFile, corpusFiles, documents } from "./documents.ts";
import type { CorpusCounts, PretrainEvent } from "./events.ts";
import { specialTokens } from "./examples.ts";
import { defaultTextColumn, type ResolvedPretrainOptions } from "./options.ts";
import { hashText, SeenHashes } from "./seen-texts.ts";
import type { DocumentRange, Sequences } from "./sequences.ts";
import { cutDocuments } from "./sequences.ts";
import { CONTINUES, TokenStore, TokenStoreWriter } from "./token-store.ts";

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

/** Documents between two progress events. */
const REPORT_DOCUMENTS = 2000;

/** Finds the files and hashes them. @throws as `corpusFiles` does; ERR_OPTION_UNUSED for a column that no file has */
export async function findCorpus(options: ResolvedPretrainOptions): Promise<CorpusSource> {
  const files = await corpusFiles(options.corpora, options);
  const devFiles = options.dev === undefined ? [] : await corpusFiles([options.dev], options);
  const { textColumn } = options;
  if (textColumn !== defaultTextColumn && ![...files, ...devFiles].some(({ layout }) => layout === "rows"))
    throw unusedColumn(options);
  const sha256: Record<string, string> = {};
  for (const { path } of [...files, ...devFiles]) sha256[path] = await hashSource(path);
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
  let read = 0;
  for (const [i, file] of files.entries()) {
    for await (const text of documents(file, options)) {
      trainer.add(text);
      if (++read % REPORT_DOCUMENTS === 0)
        yield { event: "reading", documents: read, file: i, files: files.length };
    }
  }
  return trainer.vocabulary();
}

/**
 * The tokenized corpus: the store in `folder` where it was made of the same files in the same way, else a new one.
 *
 * @throws ERR_CORPUS_EMPTY where no document is long enough, ERR_CORPUS_SMALL where nothing could be held out
 */
export async function* tokenizeCorpus(
  source: CorpusSource,
  tokenizer: BertTokenizer,
  options: ResolvedPretrainOptions,
  folder: string,
): AsyncGenerator<PretrainEvent, Corpus> {
  const made = {
    sha256: source.sha256,
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
function pick({ devShare, devTokens, textColumn, minTokens, masking, seed }: ResolvedPretrainOptions) {
  return { devShare, devTokens, textColumn, minTokens, words: masking !== "tokens", seed };
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
  const counts = { documents: 0, read: 0, short: 0, duplicate: 0, unknown: 0, tokens: 0 };
  const groups = [
    ...source.devFiles.map((file) => ({ file, dev: true })),
    ...source.files.map((file) => ({ file, dev: false })),
  ];
  try {
    for (const [i, { file, dev }] of groups.entries()) {
      for await (const text of documents(file, options)) {
        if (++counts.read % REPORT_DOCUMENTS === 0)
          yield { event: "reading", documents: counts.read, file: i, files: groups.length };
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
  if (train.length === 0) {
    store.close();
    throw emptyCorpus(options, meta);
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

interface EncodedDocument {
  readonly tokens: Uint32Array;
  readonly unknown: number;
}

/** Tokenizes documents; with `words`, tokens that continue a word carry the mark. */
function encoder(tokenizer: BertTokenizer, words: boolean): (text: string) => EncodedDocument {
  if (!words) {
    return (text) => {
      const { ids, unknownTokens } = tokenizer.encode(text, { addSpecialTokens: false });
      return { tokens: Uint32Array.from(ids), unknown: unknownTokens };
    };
  }
  const segmenter = new Intl.Segmenter("zh", { granularity: "word" });
  const vocabulary = Array.from({ length: tokenizer.vocabSize }, (_, id) => tokenizer.idToToken(id) ?? "");
  const isPiece = vocabulary.map((token) => token.startsWith("##"));
  const unkId = tokenizer.tokenToId(SPECIAL_TOKENS.unk);
  const isHan = vocabulary.map((token) => hanCharacters.test(token));
  return (text) => {
    const encoding = tokenizer.encode(text, { addSpecialTokens: false, offsets: true });
    const { ids, offsets = new Int32Array(0), unknownTokens } = encoding;
    const starts = hanCharacters.test(text) ? segmentStarts(segmenter, text) : undefined;
    // a character that the vocabulary lacks is one of its word all the same
    const standsForHan = (id: number, i: number) =>
      isHan[id] || (id === unkId && hanCharacters.test(text.slice(offsets[2 * i], offsets[2 * i + 1])));
    const tokens = Uint32Array.from(ids, (id, i) => {
      const [start, before] = [offsets[2 * i], i === 0 ? -1 : offsets[2 * i - 1]];
      const inWord = start === before && starts?.has(start) === false && standsForHan(id, i);
      return isPiece[id] || inWord ? (id | CONTINUES) >>> 0 : id;
    });
    return { tokens, unknown: unknownTokens };
  };
}

const hanCharacters = /\p{Script=Han}/u;

/** Where the words of a text begin. Unicode's segments of Chinese are dictionary words. */
function segmentStarts(segmenter: Intl.Segmenter, text: string): ReadonlySet<number> {
  const starts = new Set<number>();
  for (const { index } of segmenter.segment(text)) starts.add(index);
  return starts;
}

function unusedColumn({ textColumn, corpora }: ResolvedPretrainOptions): AttuneError {
  return new AttuneError("ERR_OPTION_UNUSED", {
    rule: "--text names a column of tables: CSV, TSV, JSON lines, JSON or Parquet",
    found: `it is "${textColumn}", and every file is plain text`,
    next: "leave --text out, or check the file's name",
    file: corpora[0],
  });
}

function emptyCorpus(
  { corpora, minTokens }: ResolvedPretrainOptions,
  { shortDocuments }: Readonly<Record<string, unknown>>,
): AttuneError {
  return new AttuneError("ERR_CORPUS_EMPTY", {
    rule: `a corpus must hold documents of ${minTokens} tokens or more`,
    found: `found none; ${Number(shortDocuments)} are shorter`,
    next: "pass more text, or a lower --min-tokens",
    file: corpora[0],
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
