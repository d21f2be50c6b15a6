/**
 * From a document to tokens that know which of them form a word.
 *
 * Chinese words are found by Unicode's segmenter with the dictionary that Node brings (ICU); English ones are what
 * WordPiece splits.
 */
import type { BertTokenizer } from "../text/index.ts";
import { SPECIAL_TOKENS } from "../text/index.ts";
import { CONTINUES } from "./token-store.ts";

export interface EncodedDocument {
  readonly tokens: Uint32Array;
  /** Tokens that the vocabulary does not know. */
  readonly unknown: number;
}

/** Tokenizes documents; with `words`, tokens that continue a word carry the mark. */
export function encoder(tokenizer: BertTokenizer, words: boolean): (text: string) => EncodedDocument {
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
