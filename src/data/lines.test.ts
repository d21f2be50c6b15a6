import fc from "fast-check";
import { expect, it } from "vitest";
import { collect } from "../../test/temporary-files.ts";
import { lineBatches } from "./lines.ts";

async function lines(...pieces: string[]): Promise<string[]> {
  async function* open() {
    yield* pieces;
  }
  return (await collect(lineBatches(open))).flat();
}

it("ends lines at LF and CR LF, not at a lone CR, and needs no end on the last", async () => {
  expect(await lines("a\nb\r\n\nc\rd\r\ne")).toEqual(["a", "b", "", "c\rd", "e"]);
  expect(await lines("a\n")).toEqual(["a"]);
  expect(await lines("")).toEqual([]);
});

it("gives the same lines however the text is cut into pieces", async () => {
  const unit = fc.constantFrom("a", "\n", "\r\n", "\r", "b");
  const pieces = fc.array(fc.string({ unit, maxLength: 6 }), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(pieces, async (some) => {
      expect(await lines(...some)).toEqual(await lines(some.join("")));
    }),
  );
});
