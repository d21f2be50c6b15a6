import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import {
  FakeClassifier,
  fakeLibrary,
  FakeTerminal,
  type FakeTerminalOptions,
  runFake,
} from "../../test/fake-cli.ts";

const folder = mkdtempSync(join(tmpdir(), "attune-predict-"));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

async function predict(argv: readonly string[], options: FakeTerminalOptions = {}) {
  const terminal = new FakeTerminal(options);
  const classifier = new FakeClassifier();
  let loaded = false;
  const load = async () => {
    loaded = true;
    return classifier;
  };
  const code = await runFake(["predict", "runs/a", ...argv], terminal, fakeLibrary({ load }));
  return { code, terminal, classifier, loaded };
}

const receipt = { tokens: 7, truncatedTokens: 0, unknownTokens: 0 };
const short = {
  label: "short",
  score: 0.9,
  scores: { short: 0.9, long: expect.closeTo(0.1) as number },
  receipt,
};
const long = {
  label: "long",
  score: 0.9,
  scores: { short: expect.closeTo(0.1) as number, long: 0.9 },
  receipt,
};

describe("attune predict", () => {
  it("answers texts of the command line", async () => {
    const { code, terminal, classifier } = await predict(["--input", "hello", "--input", "a longer text ☃"]);
    expect(code).toBe(0);
    expect(terminal.lines).toEqual([
      "short  █████████  0.900  hello",
      "long   █████████  0.900  a longer text ☃",
      "                         ! 1 unknown word",
    ]);
    expect([terminal.err, classifier.disposed]).toEqual(["", true]);
  });

  it("prints an object a line with --json", async () => {
    const { code, terminal } = await predict(["-", "--json"], { stdin: ["hello\na longer text\n"] });
    expect(code).toBe(0);
    expect(terminal.json).toEqual([short, long]);
  });

  it("reads a table in the column that the model was trained on, unless told another", async () => {
    const table = file("columns.csv", "message,other\nhello,a longer text\n");
    for (const [flags, text] of [
      [[], "hello"],
      [["--text", "other"], "a longer text"],
    ] as const) {
      const [terminal, classifier] = [new FakeTerminal(), new FakeClassifier()];
      const library = fakeLibrary({ classifier, columns: { text: "message" } });
      expect(await runFake(["predict", "runs/a", table, ...flags], terminal, library)).toBe(0);
      expect(classifier.batches).toEqual([[text]]);
    }
  });

  it("answers a stream piece by piece, in order", async () => {
    const { terminal, classifier } = await predict(["--json"], {
      stdin: ["a\nb\n", "longer than that\n", "c\n"],
    });
    expect(classifier.batches).toEqual([["a", "b"], ["longer than that"], ["c"]]);
    expect(terminal.json).toEqual([short, short, long, short]);
  });

  it("takes a large file in batches", async () => {
    const lines = Array.from({ length: 1000 }, (_, i) => (i % 3 === 0 ? "a longer text" : "short"));
    const { terminal, classifier } = await predict([file("many.txt", `${lines.join("\n")}\n`), "--json"]);
    expect(Math.max(...classifier.batches.map((batch) => batch.length))).toBe(256);
    expect(terminal.json).toEqual(lines.map((line) => (line === "short" ? short : long)));
  });

  it("reads the column of a table", async () => {
    const path = file("t.csv", "message,id\nhello,1\na longer text,2\n");
    const { terminal } = await predict([path, "--text", "message", "--json"]);
    expect(terminal.json).toEqual([short, long]);
  });

  it("passes on how to run", async () => {
    const { classifier } = await predict(["--input", "a", "--max-length", "16"]);
    expect(classifier.predictOptions).toEqual({ maxLength: 16 });
  });

  it("shows how far it is where the answers go to a file", async () => {
    const terminal = new FakeTerminal({ isTerminal: true });
    const piped = { ...terminal.stdout, isTerminal: false };
    Object.defineProperty(terminal, "stdout", { value: piped });
    const classifier = new FakeClassifier();
    const slow = async () => {
      terminal.clockMs += 600; // loading takes long enough for a bar
      return classifier;
    };
    await runFake(["predict", "runs/a", file("two.txt", "a\nb\n")], terminal, fakeLibrary({ load: slow }));
    expect(terminal.err).toContain("100% ━");
    expect(terminal.err).toContain("predicting · 2 lines · 0:00 left");
    expect(terminal.err.endsWith("\r\u001b[K")).toBe(true);
  });

  it("ends as others do when nobody reads on", async () => {
    const { code, terminal, classifier } = await predict(["--json"], {
      stdin: ["a\n", "b\n"],
      closedAfter: 1,
    });
    expect([code, terminal.err, classifier.batches.length]).toEqual([141, "", 1]);
    expect(classifier.disposed).toBe(true);
  });
});

describe("a blank line", () => {
  const path = () => file("blank.txt", "a\n\nb\n\n");

  it("in a file stops before anything is done, all of them named", async () => {
    const { code, terminal, loaded } = await predict([path()]);
    expect([code, loaded, terminal.out]).toEqual([1, false, ""]);
    expect(terminal.err).toMatch(
      /^ERR_BAD_ROWS: every line must hold a text; 2 lines \(line 2: blank; line 4: blank\) do not \(.*blank.txt, row 2\); .*--skip-bad-rows/,
    );
  });

  it("in a stream stops there, after the answers before it", async () => {
    const { code, terminal } = await predict(["--json"], { stdin: ["a\n \nb\n"] });
    expect(code).toBe(1);
    expect(terminal.json).toEqual([
      short,
      { error: { code: "ERR_BAD_ROWS", message: terminal.err.trimEnd() } },
    ]);
    expect(terminal.err).toContain("1 line (line 2: blank) does not (standard input, row 2)");
  });

  it("can be left out, and is counted", async () => {
    const { code, terminal } = await predict([path(), "--skip-bad-rows"]);
    expect(code).toBe(0);
    expect(terminal.lines).toEqual(["short  █████████  0.900  a", "short  █████████  0.900  b"]);
    expect(terminal.err).toBe("note: left out 2 lines (line 2: blank; line 4: blank)\n");
  });

  it("is named for the first five, and counted for the rest", async () => {
    const { terminal } = await predict([file("seven.txt", `a\n${"\n".repeat(7)}`), "--skip-bad-rows"]);
    const named = [2, 3, 4, 5, 6].map((line) => `line ${line}: blank`).join("; ");
    expect(terminal.err).toBe(`note: left out 7 lines (${named}; ...)\n`);
  });

  it("left out keeps its line with --json, so that every line is accounted for", async () => {
    const { terminal } = await predict([path(), "--skip-bad-rows", "--json"]);
    const blank = (line: number) => ({
      error: { code: "ERR_BAD_ROWS", message: `line ${line}: blank` },
      line,
    });
    expect(terminal.json).toEqual([short, blank(2), short, blank(4)]);
  });
});

describe("options without effect", () => {
  it.each([
    [["notes.txt", "--input", "a"], "so FILE has no effect"],
    [["--input", "a", "--text", "message"], "so --text has no effect"],
    [["--input", "a", "--encoding", "utf-8"], "so --encoding has no effect"],
    [["--text", "message"], "standard input is read line by line"],
    [["-", "--text-pair", "reply"], "standard input is read line by line"],
  ])("%j are refused", async (argv, message) => {
    const { code, terminal, loaded } = await predict(argv);
    expect([code, loaded, terminal.out]).toEqual([2, false, ""]);
    expect(terminal.err).toContain(message);
  });

  it("such as a column of a file without any, likewise", async () => {
    const { code, terminal } = await predict([file("lines.txt", "a b\n"), "--text", "message"]);
    expect([code, terminal.err.slice(0, 17)]).toEqual([2, "ERR_OPTION_UNUSED"]);
  });
});
