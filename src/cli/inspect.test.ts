import { describe, expect, it } from "vitest";
import { fakeLibrary, FakeTerminal, runFake } from "../../test/fake-cli.ts";
import { description, fakeWalk, type WalkSizes } from "../../test/fake-inspect.ts";
import { AttuneError } from "../base/errors.ts";
import type { DescribeOptions } from "../tasks/describe-model.ts";
import type { WalkOptions } from "../tasks/walk-types.ts";
import type { Inspector } from "./context.ts";
import { stringWidth } from "./width.ts";

async function inspect(argv: readonly string[], sizes: WalkSizes = {}, columns = 80) {
  const asked: { describe?: DescribeOptions | undefined; walk?: WalkOptions } = {};
  const inspector: Inspector = {
    describeModel: async (_, options) => {
      asked.describe = options;
      return description;
    },
    walkLayer: async (_, options) => {
      asked.walk = options;
      return fakeWalk(sizes, options);
    },
  };
  const terminal = new FakeTerminal({ columns });
  const code = await runFake(["inspect", "runs/spam", ...argv], terminal, fakeLibrary(), inspector);
  return { code, terminal, ...asked };
}

describe("attune inspect MODEL", () => {
  it("shows sizes, weights by part, and the graph by sections", async () => {
    const { code, terminal, describe: options } = await inspect([]);
    expect(code).toBe(0);
    expect(options).toEqual({ layer: undefined, graph: undefined });
    expect(terminal.out).toMatchInlineSnapshot(`
      "runs/spam
      model    BERT: 1 layer of width 6, 2 heads of 3 in each, feed-forward of width
               24
      reads    up to 512 tokens of a vocabulary of 3,000
      labels   2, one a text: ham, spam

      weights of            tensors  numbers  share
      bert.embeddings             1   18,000  99.8%
      bert.encoder.layer.0        2       42   0.2%
      all                         3   18,042  18.0k

      graph    bert, 4 operations
      reads    input_ids int64 [b, t]
      gives    y [b*t, 6]
      legend   %N is the result of row N; float32 where no type stands, ? where none
               is known; b texts of t tokens

      bert.embeddings
      %0  Gather              [b, t, 6]  input_ids; axis=0
                                         word.weight [3000, 6]

      bert.encoder.layer.0
      %1  Reshape             [b*t, 6]   %0, {-1, 6}
      %2  Gemm                [b*t, 6]   %1; transB=1
                                         attention.self.query.weight [6, 6]
                                         attention.self.query.bias [6]
      %3  com.microsoft.Spli  [b*t, 3]   %2, _, -3.4028235e+38; perm=[1, 0]
          t                   ?          mode=linear
      "
    `);
  });

  it("passes on which layer and which graph", async () => {
    const { describe: options } = await inspect(["--layer", "2", "--graph", "training"]);
    expect(options).toEqual({ layer: 2, graph: "training" });
  });

  it("wraps where the terminal is narrow, and loses nothing", async () => {
    const [wide, narrow] = [(await inspect([])).terminal, (await inspect([], {}, 60)).terminal];
    expect(Math.max(...narrow.lines.map(stringWidth))).toBeLessThanOrEqual(60);
    const letters = ({ out }: FakeTerminal) => out.replace(/\s/g, "").split("").sort().join("");
    expect(letters(narrow)).toBe(letters(wide));
  });

  it("fits a terminal of 30 columns: what an operation reads goes below it, and nothing is lost", async () => {
    const [wide, narrow] = [(await inspect([])).terminal, (await inspect([], {}, 30)).terminal];
    expect(Math.max(...narrow.lines.map(stringWidth))).toBeLessThanOrEqual(30);
    const graph = ({ out }: FakeTerminal) => out.slice(out.indexOf("\ngraph"));
    const letters = (terminal: FakeTerminal) => graph(terminal).replace(/\s/g, "").split("").sort().join("");
    expect(letters(narrow)).toBe(letters(wide));
    expect(narrow.out.slice(narrow.out.indexOf("%1"))).toMatchInlineSnapshot(`
      "%1  Reshape       [b*t, 6]
          %0, {-1, 6}
      %2  Gemm          [b*t, 6]
          %1; transB=1
          attention.self.query.weigh
          t [6, 6]
          attention.self.query.bias
          [6]
      %3  com.microsof  [b*t, 3]
          t.Split       ?
          %2, _, -3.4028235e+38;
          perm=[1, 0] mode=linear
      "
    `);
  });

  it("gives the same as one JSON object", async () => {
    const { code, terminal } = await inspect(["--json"]);
    const { text: _, ...data } = description;
    expect(code).toBe(0);
    expect(terminal.json).toEqual([data]);
  });
});

describe("attune inspect MODEL --layer N --text", () => {
  const walk = ["--layer", "1", "--text", "win a prize"];

  it("walks the text through the layer", async () => {
    const {
      code,
      terminal,
      walk: options,
    } = await inspect(
      [...walk, "--text-pair", "now", "--pad-to", "4", "--device", "wasm", "--threads", "1"],
      { padding: 1 },
    );
    expect(code).toBe(0);
    expect(options).toEqual({
      layer: 1,
      text: "win a prize",
      textPair: "now",
      head: undefined,
      padTo: 4,
      device: "wasm",
      threads: 1,
    });
    expect(terminal.out).toMatchInlineSnapshot(`
      "runs/spam
      layer    1 of 0 to 2
      sizes    h = 6: 2 heads of d = 3
      tokens   t = 4: [CLS] win a [SEP]
      ids      0 1 2 3
      pair     the second text begins at token 3
      padding  the last 1 token

      1. input = what layer 0 gave
        [t 4, h 6] bert.encoder.layer.1.input
                    0     1     2     3     4     5  mean   std
        0 [CLS] 0.000 0.125 0.250 0.375 0.500 0.625 0.313 0.213
        1 win   0.750 0.875 1.000 1.125 1.250 1.375 1.063 0.213
        2 a     1.500 1.625 1.750 1.875 2.000 2.125 1.813 0.213
        3 [SEP] 2.250 2.375 2.500 2.625 2.750 2.875 2.563 0.213

      The heads: shown is head 0 of 0 to 1; --head N shows another

      2. Q = what each token asks for: input Wq + bq
        [t 4, heads 2, d 3] bert.encoder.layer.1.attention.self.q
                    0     1     2
        0 [CLS] 0.000 0.125 0.250
        1 win   0.750 0.875 1.000
        2 a     1.500 1.625 1.750
        3 [SEP] 2.250 2.375 2.500

      3. K = what each token offers: input Wk + bk
        [s 4, heads 2, d 3] bert.encoder.layer.1.attention.self.k
                    0     1     2
        0 [CLS] 0.000 0.125 0.250
        1 win   0.750 0.875 1.000
        2 a     1.500 1.625 1.750
        3 [SEP] 2.250 2.375 2.500

      4. V = what it then gives: input Wv + bv
        [s 4, heads 2, d 3] bert.encoder.layer.1.attention.self.v
                    0     1     2
        0 [CLS] 0.000 0.125 0.250
        1 win   0.750 0.875 1.000
        2 a     1.500 1.625 1.750
        3 [SEP] 2.250 2.375 2.500

      5. scores = Q K^T / sqrt(3): a row for each token that asks
        [heads 2, t 4, s 4] bert.encoder.layer.1.attention.self.scores
                [CLS]  win    a [SEP]
        0 [CLS]  0.00 0.13 0.25  0.38
        1 win    0.50 0.63 0.75  0.88
        2 a      1.00 1.13 1.25  1.38
        3 [SEP]  1.50 1.63 1.75  1.88
        e.g. 0 [CLS] to 3 [SEP]: (0.000 * 2.250 + 0.125 * 2.375 + 1 more) / sqrt(3) =
             0.375

      6. mask = 0 for tokens, -3e+38 for 1 of padding, which get no weight
        [heads 2, 1, s 4] bert.encoder.layer.1.attention.self.mask
                  [CLS] win a  [SEP]
        every row     0   0 0 -3e+38

      7. weights = softmax(scores + mask): each row sums to 1
        [heads 2, t 4, s 4] bert.encoder.layer.1.attention.self.weights
                [CLS]   win     a [SEP]
        0 [CLS] 0.000 0.125 0.250 0.375
        1 win   0.500 0.625 0.750 0.875
        2 a     1.000 1.125 1.250 1.375
        3 [SEP] 1.500 1.625 1.750 1.875
        e.g. 0 [CLS] to 3 [SEP]: exp(0.375) / (exp(0.375) + 2 more) = 0.375

      every head: the token from which each takes most
                    head 0     head 1
        0 [CLS] [SEP] 0.38 [SEP] 2.38
        1 win   [SEP] 0.88 [SEP] 2.88
        2 a     [SEP] 1.38 [SEP] 3.38
        3 [SEP] [SEP] 1.88 [SEP] 3.88

      8. context = weights V: means of V's rows, weighted; heads side by side
        [t 4, h 6] bert.encoder.layer.1.attention.self.context
                    0     1     2     3     4     5
        0 [CLS] 0.000 0.125 0.250 0.375 0.500 0.625
        1 win   0.750 0.875 1.000 1.125 1.250 1.375
        2 a     1.500 1.625 1.750 1.875 2.000 2.125
        3 [SEP] 2.250 2.375 2.500 2.625 2.750 2.875

      9. attention = context Wo + bo
        [t 4, h 6] bert.encoder.layer.1.attention.output.dense.output
                    0     1     2     3     4     5
        0 [CLS] 0.000 0.125 0.250 0.375 0.500 0.625
        1 win   0.750 0.875 1.000 1.125 1.250 1.375
        2 a     1.500 1.625 1.750 1.875 2.000 2.125
        3 [SEP] 2.250 2.375 2.500 2.625 2.750 2.875

      10. residual1 = attention + input
        [t 4, h 6] bert.encoder.layer.1.attention.output.LayerNorm.before
                    0     1     2     3     4     5  mean   std
        0 [CLS] 0.000 0.125 0.250 0.375 0.500 0.625 0.313 0.213
        1 win   0.750 0.875 1.000 1.125 1.250 1.375 1.063 0.213
        2 a     1.500 1.625 1.750 1.875 2.000 2.125 1.813 0.213
        3 [SEP] 2.250 2.375 2.500 2.625 2.750 2.875 2.563 0.213

      11. norm1 = (residual1 - mean) / sqrt(var + 1e-12) * weight + bias
        [t 4, h 6] bert.encoder.layer.1.attention.output.LayerNorm.after
                    0     1     2     3     4     5  mean   std
        0 [CLS] 0.000 0.125 0.250 0.375 0.500 0.625 0.313 0.213
        1 win   0.750 0.875 1.000 1.125 1.250 1.375 1.063 0.213
        2 a     1.500 1.625 1.750 1.875 2.000 2.125 1.813 0.213
        3 [SEP] 2.250 2.375 2.500 2.625 2.750 2.875 2.563 0.213

      12. inner = GELU(norm1 W1 + b1), the feed-forward's first half
        [t 4, f 24] bert.encoder.layer.1.intermediate.output
                    0     1     2     3     4     5     6     7     8     9    10 …
        0 [CLS] 0.000 0.125 0.250 0.375 0.500 0.625 0.750 0.875 1.000 1.125 1.250 …
        1 win   3.000 3.125 3.250 3.375 3.500 3.625 3.750 3.875 4.000 4.125 4.250 …
        2 a     6.000 6.125 6.250 6.375 6.500 6.625 6.750 6.875 7.000 7.125 7.250 …
        3 [SEP] 9.000 9.125 9.250 9.375 9.500 9.625 9.750 9.875 10.00 10.13 10.25 …
        the first 11 of 24 numbers

      13. feedforward = inner W2 + b2
        [t 4, h 6] bert.encoder.layer.1.output.dense.output
                    0     1     2     3     4     5
        0 [CLS] 0.000 0.125 0.250 0.375 0.500 0.625
        1 win   0.750 0.875 1.000 1.125 1.250 1.375
        2 a     1.500 1.625 1.750 1.875 2.000 2.125
        3 [SEP] 2.250 2.375 2.500 2.625 2.750 2.875

      14. residual2 = feedforward + norm1
        [t 4, h 6] bert.encoder.layer.1.output.LayerNorm.before
                    0     1     2     3     4     5  mean   std
        0 [CLS] 0.000 0.125 0.250 0.375 0.500 0.625 0.313 0.213
        1 win   0.750 0.875 1.000 1.125 1.250 1.375 1.063 0.213
        2 a     1.500 1.625 1.750 1.875 2.000 2.125 1.813 0.213
        3 [SEP] 2.250 2.375 2.500 2.625 2.750 2.875 2.563 0.213

      15. output = residual2 normalised as residual1 was: what the layer gives
        [t 4, h 6] bert.encoder.layer.1.output.LayerNorm.after
                    0     1     2     3     4     5  mean   std
        0 [CLS] 0.000 0.125 0.250 0.375 0.500 0.625 0.313 0.213
        1 win   0.750 0.875 1.000 1.125 1.250 1.375 1.063 0.213
        2 a     1.500 1.625 1.750 1.875 2.000 2.125 1.813 0.213
        3 [SEP] 2.250 2.375 2.500 2.625 2.750 2.875 2.563 0.213

      logits   of the whole model: label1 0.250, label0 0.000
      "
    `);
  });

  it("shows the mask where padding begins, and counts no hidden token in the softmax", async () => {
    const tokens = Array.from({ length: 64 }, (_, i) => `w${i}`);
    const { terminal } = await inspect(walk, { tokens, padding: 50 });
    const [, after] = terminal.out.split(". mask = ");
    const [mask, weights] = after.split("\n\n");
    expect(mask).toMatchInlineSnapshot(`
      "0 for tokens, -3e+38 for 50 of padding, which get no weight
        [heads 2, 1, s 64] bert.encoder.layer.1.attention.self.mask
                  … w13    w14    w15    w16    w17    w18    w19    w20    w21 …
        every row …   0 -3e+38 -3e+38 -3e+38 -3e+38 -3e+38 -3e+38 -3e+38 -3e+38 …
        columns 13 to 21 of 0 to 63"
    `);
    expect(weights).toMatch(/e\.g\. .*exp\([\d.]+\) \/ \(exp\([\d.]+\) \+ 13 more\)/);
    for (const columns of [30, 60, 132]) {
      const narrow = (await inspect(walk, { tokens, padding: 50 }, columns)).terminal;
      expect(narrow.out.split(". mask = ")[1].split("\n\n")[0]).toMatch(/^ +every row … +0 -3e\+38/m);
    }
  });

  it("shows the mask from the first token where all of it fits", async () => {
    const { terminal } = await inspect(walk, { tokens: ["[CLS]", "a", "[SEP]", "[PAD]"], padding: 1 });
    expect(terminal.out).toMatch(/^ +every row +0 0 +0 -3e\+38$/m);
  });

  it("shows another head on request", async () => {
    const { terminal } = await inspect([...walk, "--head", "1"]);
    expect(terminal.out).toContain("The heads: shown is head 1 of 0 to 1\n");
    expect(terminal.out).not.toContain("every head");
    expect(terminal.out).toContain("  [t 4, s 4] bert.encoder.layer.1.attention.self.weights\n");
  });

  it.each<[string, WalkSizes]>([
    ["a long text", { tokens: Array.from({ length: 128 }, (_, i) => `word${i}`) }],
    ["wide characters", { tokens: Array.from({ length: 40 }, () => "裹") }],
    ["many heads", { heads: 16, labels: 300 }],
    ["one token and one head", { tokens: ["[CLS]"], heads: 1 }],
  ])("fits the terminal with %s, and counts what it leaves out", async (_, sizes) => {
    for (const columns of [60, 80, 132]) {
      const { terminal } = await inspect(walk, sizes, columns);
      expect(Math.max(...terminal.lines.map(stringWidth))).toBeLessThanOrEqual(columns);
      for (const table of terminal.out.split("\n\n"))
        expect(/ …( |$)/m.test(table)).toBe(/the first \d+ of [\d,]+ (numbers|columns|heads)/.test(table));
    }
    const { terminal } = await inspect(walk, sizes);
    const t = (sizes.tokens ?? []).length;
    if (t > 16)
      expect(terminal.out).toMatch(new RegExp(`the first \\d+ of ${t} columns, the first 16 of ${t} rows`));
    if (sizes.labels === 300) expect(terminal.out).toMatch(/and 290 lower\s+ones/);
  });

  it("says that the text was cut and what is unknown", async () => {
    const { terminal } = await inspect(walk, { truncated: 3 });
    expect(terminal.out).toContain("note     3 tokens left out, only 4 fit\n");
    expect(terminal.out).toContain("note     3 unknown words\n");
  });

  it("gives every number as one JSON object", async () => {
    const { terminal } = await inspect([...walk, "--json"]);
    const expected = fakeWalk({}, { layer: 1, text: "" });
    const steps = Object.entries(expected.steps).map(([name, step]) => [
      name,
      { ...step, values: [...step.values] },
    ]);
    expect(terminal.json).toEqual([{ ...expected, steps: Object.fromEntries(steps) }]);
  });
});

describe("wrong use of attune inspect", () => {
  it.each([
    [["--text", "a"], /--layer/],
    [["--layer", "0", "--head", "1"], /--head has no effect; add --text/],
    [["--text-pair", "a"], /--text-pair has no effect/],
    [["--pad-to", "9"], /--pad-to has no effect/],
    [["--device", "wasm"], /--device has no effect/],
    [["--threads", "1"], /--threads has no effect/],
    [["--layer", "0", "--text", "a", "--graph", "training"], /--graph has no effect/],
    [["--layer", "-1"], /whole number, 0 or more/],
    [["--layer", "1.5"], /whole number, 0 or more/],
    [["--layer", "two"], /must be a number/],
    [["--graph", "backward"], /Allowed choices are inference, training/],
  ])("%o is said, with exit code 2", async (argv, message) => {
    const { code, terminal } = await inspect(argv);
    expect([code, terminal.out]).toEqual([2, ""]);
    expect(terminal.err).toMatch(message);
  });

  it("is an object on standard output with --json", async () => {
    const { code, terminal } = await inspect(["--text", "a", "--json"]);
    expect(code).toBe(2);
    expect(terminal.json).toMatchObject([{ error: { code: "ERR_USAGE" } }]);
  });

  it("keeps the library's error", async () => {
    const error = new AttuneError("ERR_LAYER", { rule: "a layer must be there", found: "9", next: "pass 0" });
    const terminal = new FakeTerminal();
    const code = await runFake(["inspect", "runs/spam", "--layer", "9"], terminal, fakeLibrary(), {
      describeModel: async () => {
        throw error;
      },
    });
    expect([code, terminal.out, terminal.err]).toEqual([1, "", `${error.message}\n`]);
  });
});
