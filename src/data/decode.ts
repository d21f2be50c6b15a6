/**
 * Bytes to text, in pieces, in a known encoding. Lone surrogates of UTF-16 and NUL characters stay as they are.
 *
 * Expects bytes that `detectEncoding` has accepted; it does not check them again.
 */
import { StringDecoder } from "node:string_decoder";
import { detectEncoding, type OpenBytes } from "./encoding.ts";
import type { OpenText } from "./rows.ts";

/** The text of a file and the encoding it turned out to have. `forced` overrides detection. */
export async function openText(
  open: OpenBytes,
  file: string,
  forced?: string,
): Promise<{ encoding: string; open: OpenText }> {
  const encoding = await detectEncoding(open, file, forced);
  return { encoding, open: () => decode(open(), encoding) };
}

/** Decodes a stream of bytes; a byte order mark at its start is dropped. */
export async function* decode(bytes: AsyncIterable<Uint8Array>, encoding: string): AsyncGenerator<string> {
  const decoder = decoderOf(encoding);
  let first = true;
  for await (const chunk of bytes) {
    const text = decoder.write(chunk);
    if (text === "") continue;
    yield first && text.startsWith("\ufeff") ? text.slice(1) : text;
    first = false;
  }
  const rest = decoder.end();
  if (rest !== "") yield rest;
}

interface Decoder {
  write(bytes: Uint8Array): string;
  end(): string;
}

function decoderOf(encoding: string): Decoder {
  // TextDecoder would turn lone surrogates of UTF-16 into U+FFFD, StringDecoder keeps them
  if (encoding === "utf-16le") {
    const decoder = new StringDecoder("utf16le");
    return { write: (bytes) => decoder.write(Buffer.from(bytes)), end: () => decoder.end() };
  }
  if (encoding === "utf-16be") return bigEndian();
  const decoder = new TextDecoder(encoding, { ignoreBOM: true });
  return { write: (bytes) => decoder.decode(bytes, { stream: true }), end: () => decoder.decode() };
}

/** UTF-16 BE as swapped UTF-16 LE; `half` is a pair cut by the end of its chunk. */
function bigEndian(): Decoder {
  const decoder = new StringDecoder("utf16le");
  let half = Buffer.alloc(0);
  return {
    write(bytes) {
      const joined = Buffer.concat([half, bytes]);
      const even = joined.length - (joined.length % 2);
      half = joined.subarray(even);
      return decoder.write(joined.subarray(0, even).swap16());
    },
    end: () => decoder.end(),
  };
}
