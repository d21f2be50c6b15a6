/**
 * Writes src/text/character-tables.generated.ts: the character classes that published BERT models were made with.
 *
 * `node scripts/generate-character-tables.js`, after `npm ci`. The classes are asked of the npm package `tokenizers`
 * one code point at a time, because its Unicode tables are older than any runtime's (categories of Unicode 8,
 * decompositions of Unicode 9) and tokens must not change with the version of Node. Lower-casing is not here: it
 * agrees with the runtime's for every letter that the runtime has, which test/tokenization checks.
 */
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const { bertNormalizer, bertPreTokenizer, nfdNormalizer, nfkdNormalizer, stripAccentsNormalizer } =
  createRequire(import.meta.url)("tokenizers");

const nothing = { cleanText: false, handleChineseChars: false, stripAccents: false, lowercase: false };
const clean = bertNormalizer({ ...nothing, cleanText: true });
const strip = bertNormalizer({ ...nothing, stripAccents: true });
const words = bertPreTokenizer();
const nfd = nfdNormalizer();
const nfkd = nfkdNormalizer();
const stripAll = stripAccentsNormalizer();

/** The one code point of the highest combining class, 240: everything else that combines moves in front of it. */
const LAST_MARK = "\u0345";

const punctuation = ranges((character) => words.preTokenizeString(`a${character}a`).length === 3);
const removed = ranges((character) => clean.normalizeString(`a${character}a`) === "aa");
const accents = ranges((character) => strip.normalizeString(character) === "");
const keptMarks = ranges(
  (character) =>
    strip.normalizeString(character) === character &&
    nfd.normalizeString(LAST_MARK + character) !== LAST_MARK + character,
);
const marks = ranges((character) => stripAll.normalizeString(character) === "");
const undecomposed = ranges(
  (character) =>
    nfd.normalizeString(character) !== character.normalize("NFD") ||
    nfkd.normalizeString(character) !== character.normalize("NFKD"),
);

const file = fileURLToPath(new URL("../src/text/character-tables.generated.ts", import.meta.url));
writeFileSync(
  file,
  `/**
 * Character classes of the BERT tokenizer, frozen. Made by scripts/generate-character-tables.js: do not edit.
 *
 * Each table is a list of first and last code points, both inside: [first, last, first, last, ...].
 */

${table("PUNCTUATION", "Stands as a word of its own: ASCII symbols and the categories Pc Pd Pe Pf Pi Po Ps.", punctuation)}
${table("REMOVED", "What cleaning removes, with U+0000: the categories Cc Cf Co, but for tab and line ends, and U+FFFD.", removed)}
${table("ACCENTS", "What accent stripping removes: the category Mn.", accents)}
${table("KEPT_MARKS", "Not in ACCENTS and of a combining class above 0: canonical ordering moves them.", keptMarks)}
${table("MARKS", "What the normalizer StripAccents removes, which BERT's own does not follow: the categories M.", marks)}
${table("UNDECOMPOSED", "Decomposed (NFD or NFKD) by newer versions of Unicode, left whole here.", undecomposed)}`.trimEnd() +
    "\n",
);

/**
 * The code points that pass, as first and last of each run; neither U+0000 nor surrogates are asked for.
 * @param {(character: string) => boolean} test
 * @returns {number[]}
 */
function ranges(test) {
  /** @type {number[]} */
  const list = [];
  for (let codePoint = 1; codePoint <= 0x10ffff; codePoint++) {
    if (codePoint === 0xd800) codePoint = 0xe000;
    if (!test(String.fromCodePoint(codePoint))) continue;
    if (list.at(-1) === codePoint - 1) list[list.length - 1] = codePoint;
    else list.push(codePoint, codePoint);
  }
  return list;
}

/**
 * A table as TypeScript.
 * @param {string} name
 * @param {string} comment
 * @param {readonly number[]} list
 */
function table(name, comment, list) {
  const lines = [];
  for (let i = 0; i < list.length; i += 12) {
    const row = list.slice(i, i + 12).map((codePoint) => `0x${codePoint.toString(16)}`);
    lines.push(`  ${row.join(", ")},`);
  }
  return `/** ${comment} */\nexport const ${name}: readonly number[] = [\n${lines.join("\n")}\n];\n`;
}
