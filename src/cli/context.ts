/** What every command is given besides its own arguments. */
import type { ModelPlace, ResolveOptions } from "../hub/index.ts";
import type { FilledMask, FillMaskOptions } from "../tasks/fill-mask.ts";
import type { DescribeOptions, ModelDescription } from "../tasks/describe-model.ts";
import type {
  EvaluateOptions,
  Input,
  LoadOptions,
  PredictOptions,
  Prediction,
  TrainTaskOptions,
} from "../tasks/types.ts";
import type { LayerWalk, WalkOptions } from "../tasks/walk-types.ts";
import type { Report } from "../train/events.ts";
import type { Terminal } from "./terminal.ts";

/** What the commands need of `TextClassifier`. */
export interface Classifier {
  readonly labels: readonly string[];
  readonly multiLabel: boolean;
  readonly device: string;
  predict(inputs: readonly Input[], options?: PredictOptions): Promise<Prediction[]>;
  evaluate(source: string, options?: EvaluateOptions): Promise<Report>;
  exportOnnx(folder?: string): Promise<string>;
  dispose(): Promise<void>;
}

/** What the commands need of the class `TextClassifier` itself. */
export interface ClassifierClass {
  train(options: TrainTaskOptions): Promise<Classifier>;
  load(folder: string, options?: LoadOptions): Promise<Classifier>;
  columnsOf(folder: string): Promise<{ readonly text?: string; readonly textPair?: string | null }>;
}

/** What `attune fill-mask` needs of `MaskedLanguageModel`. */
export interface MaskFiller {
  readonly device: string;
  readonly vocabSize: number;
  fill(text: string, options?: FillMaskOptions): Promise<FilledMask[]>;
  dispose(): Promise<void>;
}

/** What `attune inspect` needs of the library. */
export interface Inspector {
  readonly describeModel: (path: string, options?: DescribeOptions) => Promise<ModelDescription>;
  readonly walkLayer: (path: string, options: WalkOptions) => Promise<LayerWalk>;
}

export interface Context {
  readonly terminal: Terminal;
  /** The command line after the program's name, as typed. */
  readonly argv: readonly string[];
  readonly version: string;
  /** Loads the library when a command runs, so that `--help` stays quick. */
  readonly loadLibrary: () => Promise<ClassifierClass>;
  /** The same for looking into models. */
  readonly loadInspector: () => Promise<Inspector>;
  /** Loads a masked-language model, and the library before it. */
  readonly loadMaskFiller: (folder: string, options: LoadOptions) => Promise<MaskFiller>;
  /** Finds the folder of a model, downloading it where it is named by a hub id. */
  readonly locateModel: (
    name: string,
    options: Pick<ResolveOptions, "signal" | "onProgress">,
  ) => Promise<ModelPlace>;
  /** Tells with which code the program is to end. */
  readonly finish: (code: ExitCode) => void;
}

/** Done; the work failed; the command was used wrongly; stopped by Ctrl-C; nobody reads the output any more. */
export type ExitCode = 0 | 1 | 2 | 130 | 141;
