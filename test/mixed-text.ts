/** Text as labels and messages have it, for property tests: Latin, Chinese, Korean, emoji, marks, spaces. */
import fc from "fast-check";

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });
const parts = Array.from(
  graphemes.segment("aW_é中文，한がﾊ👍👨‍👩‍👧❤️… \u200b\ufffd"),
  ({ segment }) => segment,
);

export const mixedText = fc
  .array(fc.constantFrom(...parts, "e\u0301", "  ", "order"))
  .map((chosen) => chosen.join(""));
