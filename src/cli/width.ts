/**
 * Text in terminal columns: how wide it is, cutting, padding and wrapping it, and making it safe to show.
 *
 * Source: Unicode Standard Annex #11 (East Asian Width): wide and full-width characters take two columns, ambiguous
 * ones one, as terminals do outside legacy East Asian locales. Marks, joiners and controls take none.
 *
 * Does not measure text with escape sequences in it: colour is put on after measuring.
 */

// Ranges of width W and F (EastAsianWidth.txt), then emoji, which that file gives as W too
const wide =
  /[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18cff}\u{1aff0}-\u{1b2ff}\u{1f200}-\u{1f265}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;
// soft hyphens are shown by most terminals; the Hangul vowels and finals join the syllable before them
const none = /^(?!\u00ad)[\p{Mn}\p{Me}\p{Cf}\p{Cc}\u1160-\u11ff]$/u;
const ascii = /^[ -~]*$/;
const EMOJI_VARIANT = "\ufe0f";

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** Columns that `text` takes. Joined emoji count each part, as older terminals show them: never too few. */
export function stringWidth(text: string): number {
  if (ascii.test(text)) return text.length;
  let width = 0;
  let last = 0;
  for (const character of text) {
    if (character === EMOJI_VARIANT && last === 1) width += 1;
    last = characterWidth(character);
    width += last;
  }
  return width;
}

/**
 * `text` if it fits, else its beginning and an ellipsis, never cut inside a character as readers see it.
 *
 * @example
 * truncate("退款要几天才能到账", 9); // "退款要几…"
 */
export function truncate(text: string, columns: number): string {
  if (stringWidth(text) <= columns) return text;
  let kept = "";
  let width = 0;
  for (const { segment } of graphemes.segment(text)) {
    width += stringWidth(segment);
    if (width > columns - 1) break;
    kept += segment;
  }
  return columns < 1 ? "" : `${kept.trimEnd()}…`;
}

/** Fills up with spaces on the right. */
export function padEnd(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - stringWidth(text)));
}

/** Fills up with spaces on the left. */
export function padStart(text: string, columns: number): string {
  return " ".repeat(Math.max(0, columns - stringWidth(text))) + text;
}

/** Lines of at most `columns`, broken at spaces; a word that is too long is broken anywhere. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/ +/)) {
    pieces(word, columns).forEach((piece, i) => {
      const longer = line === "" ? piece : `${line} ${piece}`;
      if (i === 0 && stringWidth(longer) <= columns) {
        line = longer;
      } else {
        if (line !== "") lines.push(line);
        line = piece;
      }
    });
  }
  return [...lines, line];
}

/** `head` and `text` side by side; the text goes on below itself. */
export function hang(head: string, text: string, columns: number): string[] {
  const indent = stringWidth(head);
  return wrap(text, columns - indent).map((line, i) => (i === 0 ? head : " ".repeat(indent)) + line);
}

/**
 * Text of unknown origin, safe on one line: escape sequences, line breaks and marks that turn the direction of
 * writing would change what stands around it. Each becomes one space, or the replacement character.
 */
export function printable(text: string): string {
  return text.replace(/\s+/gu, " ").replace(unsafe, "\ufffd");
}

/** The same for text of several lines, whose breaks and spaces stay. */
export function printableLines(text: string): string {
  const lines = text.split(/\r?\n/).map((line) => line.replaceAll("\t", " ").replace(unsafe, "\ufffd"));
  return lines.join("\n");
}

const unsafe = /[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

function characterWidth(character: string): number {
  if (none.test(character)) return 0;
  return wide.test(character) ? 2 : 1;
}

/** A word in parts of at most `columns`. */
function pieces(word: string, columns: number): string[] {
  if (stringWidth(word) <= columns) return [word];
  const parts = [""];
  for (const { segment } of graphemes.segment(word)) {
    if (stringWidth(parts[parts.length - 1] + segment) > columns) parts.push("");
    parts[parts.length - 1] += segment;
  }
  return parts;
}
