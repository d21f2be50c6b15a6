/** Builds the cases of encoder.json, decoder.json and transformer.json out of attune's modules. */
import type {
  ParameterSpec,
  StackOptions,
  State,
  Tensor,
  Trace,
  TransformerCall,
  TransformerLayerOptions,
  TransformerOptions,
} from "../../src/entry/nn.ts";
import {
  Transformer,
  TransformerDecoder,
  TransformerDecoderLayer,
  TransformerEncoder,
  TransformerEncoderLayer,
} from "../../src/entry/nn.ts";
import type { GoldenCase } from "./golden.ts";
import { Goldens } from "./golden.ts";
import { Entrance, withGoldenState, withGradients } from "./run-case.ts";

export interface LayerCase extends GoldenCase {
  readonly module:
    | "TransformerEncoderLayer"
    | "TransformerEncoder"
    | "TransformerDecoderLayer"
    | "TransformerDecoder"
    | "Transformer";
  readonly options: TransformerLayerOptions & TransformerOptions;
  /** Of the modules that are stacks. */
  readonly stack?: StackOptions;
  /** Masks by the name of their tensor, and flags. */
  readonly call: Readonly<Record<string, string | boolean>>;
  /** Whether modules of PyTorch 1.13 give these numbers: not where a query sees nothing, say. */
  readonly torchAgrees: boolean;
}

export const layerGoldens = {
  encoder: new Goldens<LayerCase>("encoder"),
  decoder: new Goldens<LayerCase>("decoder"),
  transformer: new Goldens<LayerCase>("transformer"),
};

/** Everything that a case is compared by, and what must be fed. */
export function traceCase(
  goldens: Goldens<LayerCase>,
  golden: LayerCase,
  options: { readonly named?: boolean } = {},
) {
  const entrance = new Entrance(options);
  const inputs = entrance.inputs(golden.inputs);
  const { module, trace } = build(golden, inputs, maskedCall(goldens, golden, entrance));
  withGoldenState(module, goldens.state(golden));
  const { output, dropouts } = trace({ training: (golden.options.dropout ?? 0) > 0 });
  entrance.masks(dropouts);
  const { parameters } = module;
  const tensors = withGradients(golden, entrance, { outputs: { output }, inputs, parameters });
  return { tensors, feeds: entrance.feeds };
}

interface Loadable {
  readonly parameters: readonly ParameterSpec[];
  readonly load: (state: State) => void;
}

type TraceIt = (options: { readonly training: boolean }) => Trace<Tensor>;

function build(
  { module: name, options, stack = { numLayers: 1 } }: LayerCase,
  { src, tgt, memory }: Readonly<Record<string, Tensor>>,
  call: TransformerCall,
): { readonly module: Loadable; readonly trace: TraceIt } {
  switch (name) {
    case "TransformerEncoderLayer": {
      const module = new TransformerEncoderLayer(options);
      return { module, trace: (mode) => module.trace([src, call], mode) };
    }
    case "TransformerEncoder": {
      const module = new TransformerEncoder(new TransformerEncoderLayer(options), stack);
      return { module, trace: (mode) => module.trace([src, call], mode) };
    }
    case "TransformerDecoderLayer": {
      const module = new TransformerDecoderLayer(options);
      return { module, trace: (mode) => module.trace([tgt, memory, call], mode) };
    }
    case "TransformerDecoder": {
      const module = new TransformerDecoder(new TransformerDecoderLayer(options), stack);
      return { module, trace: (mode) => module.trace([tgt, memory, call], mode) };
    }
    case "Transformer": {
      const module = new Transformer(options);
      return { module, trace: (mode) => module.trace([src, tgt, call], mode) };
    }
  }
}

function maskedCall(goldens: Goldens<LayerCase>, { call }: LayerCase, entrance: Entrance): TransformerCall {
  return Object.fromEntries(
    Object.entries(call).map(([name, value]) => [
      name,
      typeof value === "string" ? entrance.take(name, goldens.given(value)) : value,
    ]),
  );
}
