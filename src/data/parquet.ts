/**
 * Parquet to rows, one row group in memory at a time; a gzipped file is unpacked into memory first.
 *
 * Source: apache/parquet-format, read by hyparquet with every codec of hyparquet-compressors. Values keep the
 * types that hyparquet gives them: 64-bit integers are bigint, dates are Date, lists are arrays.
 */
import {
  type AsyncBuffer,
  asyncBufferFromFile,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
} from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { AttuneError } from "../base/errors.ts";
import type { Row, Table } from "./rows.ts";
import { type ByteSource, readWhole } from "./source.ts";

/**
 * A table out of a Parquet file. Rows are counted from 1.
 *
 * @throws ERR_PARQUET where the file is damaged or uses what the reader lacks
 */
export async function parquetTable(source: ByteSource): Promise<Table> {
  const file = await openBuffer(source);
  const metadata = await orParquetError(source.path, () => parquetMetadataAsync(file));
  const columns = parquetSchema(metadata).children.map((column) => column.element.name);
  async function* rows(): AsyncGenerator<Row[]> {
    let rowStart = 0;
    for (const group of metadata.row_groups) {
      const rowEnd = rowStart + Number(group.num_rows);
      const first = rowStart + 1;
      const range = { file, metadata, compressors, rowStart, rowEnd };
      const records = await orParquetError(source.path, () => parquetReadObjects(range));
      yield records.map((fields, i) => ({ row: first + i, fields }));
      rowStart = rowEnd;
    }
  }
  return { columns, rows };
}

async function openBuffer(source: ByteSource): Promise<AsyncBuffer> {
  if (!source.gzip) return asyncBufferFromFile(source.path);
  const bytes = new Uint8Array(await readWhole(source.path)).buffer;
  return { byteLength: bytes.byteLength, slice: (start, end) => bytes.slice(start, end) };
}

async function orParquetError<T>(file: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    throw new AttuneError("ERR_PARQUET", {
      rule: "a Parquet file must be whole and of a kind that can be read here",
      found: cause instanceof Error ? cause.message : String(cause),
      next: "write the file again, or save it as CSV or JSON Lines",
      file,
      cause,
    });
  }
}
