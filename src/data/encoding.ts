/**
 * Which encoding a file has, with proof: after `detectEncoding` every byte is known to decode.
 *
 * A byte order mark decides; else zero bytes on one side of the pairs mean UTF-16; else bytes that are valid
 * UTF-8 are UTF-8; else bytes that decode cleanly as GB18030 and look like Chinese are GB18030. Anything else is
 * an error: a wrong guess would train on garbage in silence. Latin-1 and Big5 are never guessed, since nearly
 * any bytes "decode" as they do; the `encoding` option names them.
 *
 * Source: WHATWG Encoding Standard (labels, decoders); GB 18030-2005, whose two-byte rows A1, A3 (punctuation,
 * full-width forms) and B0-D7 (GB 2312 level 1, the 3755 common characters) carry most of any Chinese text.
 */
import { isUtf8 } from "node:buffer";
import { AttuneError } from "../base/errors.ts";

export type OpenBytes = () => AsyncIterable<Uint8Array>;

interface Position {
  readonly offset: number;
  readonly line: number;
  readonly byte: number;
}

const LF = 0x0a;

/**
 * The canonical WHATWG name ("utf-8", "utf-16le", "utf-16be", "gb18030", ...) under which the bytes decode.
 *
 * `open` starts the bytes anew at each call. `forced` is a label to use instead of guessing; it is checked too.
 * Lone surrogates in UTF-16 are let through: they are data.
 *
 * @throws ERR_ENCODING where the bytes do not decode, with the offset and the line; ERR_ENCODING_NAME
 */
export async function detectEncoding(open: OpenBytes, file: string, forced?: string): Promise<string> {
  const encoding = forced === undefined ? await guess(open) : canonicalName(forced, file);
  if (encoding === "utf-16le" || encoding === "utf-16be") {
    await requireWholePairs(open, encoding, file);
    return encoding;
  }
  const assumed = encoding ?? "utf-8";
  const bad = assumed === "utf-8" ? await firstInvalidUtf8(open) : await firstUndecodable(open, assumed);
  if (bad === undefined) return assumed;
  if (encoding === undefined && (await looksLikeGb18030(open))) return "gb18030";
  throw new AttuneError("ERR_ENCODING", {
    rule: "text must be UTF-8 (with or without a byte order mark), UTF-16, GB18030, or what --encoding says",
    found: `the bytes are not ${encoding ?? "UTF-8, nor Chinese in GB18030,"} at byte ${bad.offset} (0x${bad.byte.toString(16)}, line ${bad.line})`,
    next: "save the file as UTF-8, or name its encoding, for example --encoding windows-1252 (Western European)",
    file,
  });
}

/** What a byte order mark or the zero bytes of UTF-16 say; undefined when they say nothing. */
async function guess(open: OpenBytes): Promise<string | undefined> {
  for await (const chunk of open()) {
    const [a, b] = chunk;
    if (a === 0xff && b === 0xfe) return "utf-16le";
    if (a === 0xfe && b === 0xff) return "utf-16be";
    if (a === 0xef && b === 0xbb && chunk[2] === 0xbf) return "utf-8";
    // ASCII in UTF-16 has a zero beside each letter, always on the same side; NUL in other text is far rarer
    const head = chunk.subarray(0, 4096);
    const zeros = [0, 0];
    head.forEach((byte, i) => {
      if (byte === 0) zeros[i % 2] += 1;
    });
    const many = head.length / 4;
    if (zeros[1] > many && zeros[0] <= zeros[1] / 10) return "utf-16le";
    if (zeros[0] > many && zeros[1] <= zeros[0] / 10) return "utf-16be";
    return undefined;
  }
  return undefined;
}

function canonicalName(label: string, file: string): string {
  try {
    return new TextDecoder(label).encoding;
  } catch (cause) {
    throw new AttuneError("ERR_ENCODING_NAME", {
      rule: "the encoding must be a known label",
      found: `found "${label}"`,
      next: 'use one such as "utf-8", "utf-16le", "gb18030", "big5" or "windows-1252"',
      file,
      cause,
    });
  }
}

async function requireWholePairs(open: OpenBytes, encoding: string, file: string): Promise<void> {
  let bytes = 0;
  for await (const chunk of open()) bytes += chunk.length;
  if (bytes % 2 === 0) return;
  throw new AttuneError("ERR_ENCODING", {
    rule: "UTF-16 text must hold whole pairs of bytes",
    found: `the file looks like ${encoding} but has ${bytes} bytes, an odd number`,
    next: "it may be cut off: write it again, or name its encoding with --encoding",
    file,
  });
}

/** Where UTF-8 stops being valid, or undefined. */
async function firstInvalidUtf8(open: OpenBytes): Promise<Position | undefined> {
  let pending = Buffer.alloc(0); // a character cut by the end of its chunk
  let offset = 0;
  let line = 1;
  for await (const chunk of open()) {
    const bytes = Buffer.concat([pending, chunk]);
    const whole = bytes.length - cutCharacter(bytes);
    if (!isUtf8(bytes.subarray(0, whole))) {
      const at = invalidAt(bytes);
      return { offset: offset + at, line: line + countLines(bytes.subarray(0, at)), byte: bytes[at] };
    }
    line += countLines(bytes);
    pending = bytes.subarray(whole);
    offset += whole;
  }
  return pending.length === 0 ? undefined : { offset, line, byte: pending[0] };
}

/** Start of the first bad sequence, by bisection: a prefix is valid up to its cut character or it is not. */
function invalidAt(bytes: Buffer): number {
  let [valid, invalid] = [0, bytes.length];
  while (invalid - valid > 1) {
    const middle = (valid + invalid) >> 1;
    const prefix = bytes.subarray(0, middle);
    if (isUtf8(prefix.subarray(0, middle - cutCharacter(prefix)))) valid = middle;
    else invalid = middle;
  }
  return valid - cutCharacter(bytes.subarray(0, valid));
}

/** How many bytes at the end begin a UTF-8 character without finishing it: 0 to 3. */
function cutCharacter(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back];
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return back < (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) ? back : 0;
  }
  return 0;
}

/**
 * Clean GB18030 whose characters are those of Chinese text. Without the second test Latin-1 ("\xe9t" is a
 * character there) and Shift JIS would pass; Big5 gives itself away by private-use characters.
 */
async function looksLikeGb18030(open: OpenBytes): Promise<boolean> {
  const decoder = new TextDecoder("gb18030", { fatal: true });
  let [pairs, common] = [0, 0];
  let lead = 0; // first byte of a pair cut by the end of its chunk
  try {
    for await (const chunk of open()) {
      if (/[\ue000-\uf8ff]/.test(decoder.decode(chunk, { stream: true }))) return false;
      for (const byte of chunk) {
        if (lead === 0) {
          lead = byte >= 0x81 ? byte : 0;
          continue;
        }
        pairs += 1;
        if (byte >= 0xa1 && (lead === 0xa1 || lead === 0xa3 || (lead >= 0xb0 && lead <= 0xd7))) common += 1;
        lead = 0;
      }
    }
    decoder.decode();
  } catch {
    return false;
  }
  return common > pairs / 3;
}

/** Where a decoder gives up, to within 256 bytes, or undefined. */
async function firstUndecodable(open: OpenBytes, encoding: string): Promise<Position | undefined> {
  const decoder = new TextDecoder(encoding, { fatal: true });
  let offset = 0;
  let line = 1;
  let last = 0;
  for await (const chunk of open()) {
    for (let start = 0; start < chunk.length; start += 256) {
      const piece = chunk.subarray(start, start + 256);
      try {
        decoder.decode(piece, { stream: true });
      } catch {
        return { offset, line, byte: piece[0] };
      }
      offset += piece.length;
      line += countLines(piece);
      last = piece[piece.length - 1];
    }
  }
  try {
    decoder.decode();
    return undefined;
  } catch {
    return { offset: offset - 1, line, byte: last }; // a character is cut off at the end
  }
}

function countLines(bytes: Uint8Array): number {
  let lines = 0;
  for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) lines += 1;
  return lines;
}
