import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { FakeClassifier, fakeLibrary, FakeTerminal, runFake } from "../../test/fake-cli.ts";

const folder = mkdtempSync(join(tmpdir(), "attune-export-"));
const written = join(folder, "model.onnx");
writeFileSync(written, new Uint8Array(1234));
afterAll(() => rmSync(folder, { recursive: true }));

async function exportModel(...argv: string[]) {
  const terminal = new FakeTerminal();
  const classifier = Object.assign(new FakeClassifier(), { onnxPath: written });
  const code = await runFake(["export", "runs/a", ...argv], terminal, fakeLibrary({ classifier }));
  return { code, terminal, classifier };
}

it("says where the file is and how large", async () => {
  const { code, terminal, classifier } = await exportModel();
  expect([code, terminal.out]).toEqual([0, `wrote ${written} (1.2 kB)\n`]);
  expect([classifier.exportedTo, classifier.disposed]).toEqual([undefined, true]);
});

it("writes elsewhere with --out, and tells programs with --json", async () => {
  const { terminal, classifier } = await exportModel("--out", "web/model", "--json");
  expect(classifier.exportedTo).toBe("web/model");
  expect(terminal.json).toEqual([{ path: written, bytes: 1234 }]);
});
