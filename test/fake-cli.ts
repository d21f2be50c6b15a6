/** A terminal and a classifier for tests of the commands: everything is recorded, nothing is real. */
import pico from "picocolors";
import type { Classifier, ClassifierClass, Inspector, MaskFiller } from "../src/cli/context.ts";
import { run } from "../src/cli/program.ts";
import { ClosedPipe, type Output, type Terminal } from "../src/cli/terminal.ts";
import type {
  EvaluateOptions,
  Input,
  PredictOptions,
  Prediction,
  TrainTaskOptions,
} from "../src/tasks/types.ts";
import type { Report } from "../src/train/index.ts";

export interface FakeTerminalOptions {
  /** Both outputs. Default: not a terminal. */
  readonly isTerminal?: boolean;
  readonly columns?: number;
  /** Pieces of standard input, as they arrive. */
  readonly stdin?: readonly (string | Uint8Array)[];
  readonly env?: Record<string, string>;
  /** Standard output is closed after so many writes. */
  readonly closedAfter?: number;
}

export class FakeTerminal implements Terminal {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly stdin: Terminal["stdin"];
  readonly env: Record<string, string>;
  out = "";
  err = "";
  clockMs = 0;
  deaths = 0;
  readonly #listeners = new Set<() => void>();

  constructor(options: FakeTerminalOptions = {}) {
    const { isTerminal = false, columns = 80, stdin = [], env = {}, closedAfter = Infinity } = options;
    let writes = 0;
    const output = (take: (text: string) => void): Output => ({
      isTerminal,
      columns,
      colors: pico.createColors(false),
      write: (text) => {
        writes += 1;
        take(text);
      },
      drained: async () => {
        if (writes >= closedAfter) throw new ClosedPipe();
      },
    });
    this.stdout = output((text) => (this.out += text));
    this.stderr = output((text) => (this.err += text));
    this.stdin = {
      isTerminal,
      async *chunks() {
        for (const piece of stdin) yield typeof piece === "string" ? new TextEncoder().encode(piece) : piece;
      },
    };
    this.env = env;
  }

  now(): number {
    return this.clockMs;
  }

  onInterrupt(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Ctrl-C; false where nobody listens, so that the program would end. */
  interrupt(): boolean {
    for (const listener of this.#listeners) listener();
    return this.#listeners.size > 0;
  }

  die(): void {
    this.deaths += 1;
  }

  /** Lines of standard output. */
  get lines(): string[] {
    return this.out.split("\n").slice(0, -1);
  }

  /** Objects of standard output, one a line. */
  get json(): unknown[] {
    return this.lines.map((line): unknown => JSON.parse(line));
  }
}

/** Calls a text "long" from ten characters on and "short" below; a digit makes it doubtful. */
export class FakeClassifier implements Classifier {
  readonly labels: readonly string[] = ["short", "long"];
  readonly multiLabel = false;
  readonly maxLength = 128;
  readonly device: string = "native";
  readonly batches: (readonly Input[])[] = [];
  readonly evaluations: { source: string; options: EvaluateOptions | undefined }[] = [];
  predictOptions: PredictOptions | undefined;
  exportedTo: string | undefined;
  disposed = false;
  /** What `exportOnnx` says that it wrote. */
  onnxPath = "";

  async predict(inputs: readonly Input[], options?: PredictOptions): Promise<Prediction[]> {
    this.batches.push(inputs);
    this.predictOptions = options;
    return inputs.map((input) => {
      const text = typeof input === "string" ? input : input.text;
      const score = /\d/.test(text) ? 0.6 : 0.9;
      const label = text.length < 10 ? "short" : "long";
      const scores =
        label === "short" ? { short: score, long: 1 - score } : { short: 1 - score, long: score };
      const unknownTokens = (text.match(/☃/g) ?? []).length;
      return {
        label,
        score,
        scores,
        receipt: { tokens: 7, truncatedTokens: text.length > 99 ? 30 : 0, unknownTokens },
      };
    });
  }

  async evaluate(source: string, options?: EvaluateOptions): Promise<Report> {
    this.evaluations.push({ source, options });
    options?.onProgress?.(1, 2);
    return fakeReport;
  }

  async exportOnnx(folder?: string): Promise<string> {
    this.exportedTo = folder;
    return this.onnxPath;
  }

  async dispose(): Promise<void> {
    this.disposed = true;
  }
}

export const fakeReport: Report = {
  kind: "single",
  examples: 8,
  accuracy: 0.75,
  macroF1: 0.7333,
  weightedF1: 0.7433,
  perLabel: {
    short: { precision: 0.6667, recall: 0.6667, f1: 0.6667, support: 3 },
    long: { precision: 0.8, recall: 0.8, f1: 0.8, support: 5 },
  },
  confusion: {
    labels: ["short", "long"],
    counts: [
      [2, 1],
      [1, 4],
    ],
  },
  logLoss: 0.5,
  ece: 0.1,
};

export interface FakeLibraryOptions {
  readonly classifier?: Classifier;
  readonly train?: (options: TrainTaskOptions) => Promise<void>;
  readonly load?: ClassifierClass["load"];
  /** The columns that the model was trained on. */
  readonly columns?: { readonly text?: string; readonly textPair?: string | null };
}

/** A library whose `train` does what the test says. */
export function fakeLibrary(options: FakeLibraryOptions = {}): ClassifierClass {
  const classifier = options.classifier ?? new FakeClassifier();
  return {
    async train(train) {
      await options.train?.(train);
      return classifier;
    },
    load: options.load ?? (async () => classifier),
    columnsOf: async () => options.columns ?? {},
  };
}

/** Runs a command line in a fake terminal. */
export function runFake(
  argv: readonly string[],
  terminal: FakeTerminal,
  library: ClassifierClass = fakeLibrary(),
  inspector: Partial<Inspector> = {},
  maskFiller?: MaskFiller,
) {
  const unexpected = async () => {
    throw new Error("this test inspects nothing");
  };
  return run(argv, {
    terminal,
    version: "1.2.3",
    loadLibrary: async () => library,
    locateModel: async (folder) => ({ folder }),
    loadInspector: async () => ({ describeModel: unexpected, walkLayer: unexpected, ...inspector }),
    loadMaskFiller: async () => maskFiller ?? unexpected(),
  });
}
