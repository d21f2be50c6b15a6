/** The readers on real files that nobody here wrote, in their original form. */
import { describe, expect, it } from "vitest";
import { messageOf } from "../../test/message-of.ts";
import { sharedData } from "../../test/shared-data.ts";
import { collect } from "../../test/temporary-files.ts";
import { findLeaks } from "./duplicates.ts";
import { loadExamples } from "./examples.ts";
import { readColumns, readRows } from "./read.ts";

describe("real files", () => {
  it("reads a CSV with quotes, CR LF and columns without names", async (context) => {
    const path = sharedData(context, "en_sms_spam/spam.utf8.csv.gz");
    const set = await loadExamples(path, { textColumn: "v2", labelColumn: "v1" });
    expect(set.columns).toEqual(["v1", "v2", "column 3", "column 4", "column 5"]);
    expect(set.examples).toHaveLength(5572);
    expect(set.examples.filter((one) => one.labels[0] === "spam")).toHaveLength(747);
  });

  it("says what to do with Latin-1, and reads it when told", async (context) => {
    const path = sharedData(context, "en_sms_spam/spam.latin1.csv.gz");
    const columns = { textColumn: "v2", labelColumn: "v1" };
    expect(await messageOf(() => loadExamples(path, columns))).toMatch(
      /^ERR_ENCODING: .*line 7.*--encoding windows-1252/,
    );
    expect((await loadExamples(path, { ...columns, encoding: "windows-1252" })).examples).toHaveLength(5572);
  });

  it("reads both kinds of TSV: cells that begin with a quote, and cells that are quoted", async (context) => {
    const chinese = await collect(readRows(sharedData(context, "zh_chnsenticorp/train.tsv.gz")));
    expect(chinese).toHaveLength(9600);
    expect(chinese.filter((row) => String(row.fields.text_a).startsWith('"'))).toHaveLength(3);
    const english = await collect(readRows(sharedData(context, "en_goemotions/original_train.tsv.gz")));
    expect(english).toHaveLength(43_409); // its first row is data, taken for a header
    const [text] = Object.keys(english[0].fields);
    expect(english.filter((row) => String(row.fields[text]).includes('""'))).toEqual([]);
  });

  it("reads JSON lines in a .json file, and pairs", async (context) => {
    const path = sharedData(context, "zh_ocnli/train.10k.json.gz");
    const set = await loadExamples(path, { textColumn: "sentence1", textPairColumn: "sentence2" });
    expect(set.examples).toHaveLength(10_000);
    expect(set.examples.every((one) => one.textPair !== undefined)).toBe(true);
  });

  it("finds the row without text", async (context) => {
    const path = sharedData(context, "zh_reviews/ChnSentiCorp_htl_all.csv.gz");
    const set = await loadExamples(path, { textColumn: "review", skipBadRows: true });
    expect(set.badRows).toEqual([{ row: 6376, reason: 'no text in "review"' }]);
    expect(set.examples).toHaveLength(7765);
  });

  it("finds the texts of train that stand again in dev and test", async (context) => {
    const load = (part: string) =>
      loadExamples(sharedData(context, `zh_chnsenticorp/${part}.tsv.gz`), { textColumn: "text_a" });
    const train = (await load("train")).examples;
    expect(findLeaks(train, (await load("dev")).examples)).toHaveLength(338);
    const leaks = findLeaks(train, (await load("test")).examples);
    expect(leaks).toHaveLength(331);
    expect(leaks.filter((leak) => !leak.sameLabels)).toHaveLength(6);
  });

  it("takes plain text for no format, and says so", async (context) => {
    const path = sharedData(context, "en_trec/TREC.utf8.test");
    expect(await messageOf(() => readColumns(path))).toMatch(/^ERR_FORMAT_UNKNOWN: /);
  });
});
