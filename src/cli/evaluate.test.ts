import { expect, it } from "vitest";
import { FakeClassifier, fakeLibrary, fakeReport, FakeTerminal, runFake } from "../../test/fake-cli.ts";
import type { LoadOptions } from "../tasks/types.ts";

async function evaluate(...argv: string[]) {
  const terminal = new FakeTerminal();
  const classifier = new FakeClassifier();
  let loadOptions: LoadOptions | undefined;
  const load = async (_: string, options?: LoadOptions) => {
    loadOptions = options;
    return classifier;
  };
  const code = await runFake(["evaluate", "runs/a", "test.csv", ...argv], terminal, fakeLibrary({ load }));
  return { code, terminal, classifier, loadOptions };
}

it("prints the report for people", async () => {
  const { code, terminal, classifier } = await evaluate();
  expect(code).toBe(0);
  expect(terminal.lines.slice(0, 4)).toEqual([
    "runs/a on test.csv",
    "",
    "examples                8",
    "accuracy           0.7500",
  ]);
  expect([terminal.err, classifier.disposed]).toEqual(["", true]);
});

it("prints the report as one object with --json", async () => {
  const { code, terminal } = await evaluate("--json");
  expect(code).toBe(0);
  expect(terminal.json).toEqual([fakeReport]);
});

it("passes every option on", async () => {
  const flags =
    "--text a --label b --text-pair c --skip-bad-rows --encoding gb18030 --max-length 9 --device wasm --threads 1";
  const { classifier, loadOptions } = await evaluate(...flags.split(" "));
  expect(loadOptions).toEqual({ device: "wasm", threads: 1 });
  expect(classifier.evaluations).toEqual([
    {
      source: "test.csv",
      options: {
        textColumn: "a",
        labelColumn: "b",
        textPairColumn: "c",
        skipBadRows: true,
        encoding: "gb18030",
        maxLength: 9,
        onTruncated: expect.any(Function) as () => void,
        onBadRows: expect.any(Function) as () => void,
        onProgress: expect.any(Function) as () => void,
      },
    },
  ]);
});

it("says once that the slow runtime is in use", async () => {
  const terminal = new FakeTerminal();
  class Slow extends FakeClassifier {
    override readonly device = "wasm";
  }
  await runFake(["evaluate", "runs/a", "test.csv"], terminal, fakeLibrary({ classifier: new Slow() }));
  expect(terminal.err).toBe(
    "note: running on the WASM runtime, about 5 times slower; `attune doctor` says what to install\n",
  );
});
