/**
 * The activations that config.json may name, by transformers' names.
 *
 * "gelu" is x Phi(x) with the error function; "gelu_new" and "gelu_pytorch_tanh" are its tanh approximation (Hendrycks &
 * Gimpel 2016), two names of one formula; "relu" is that of the first ERNIE. No other is offered.
 */
import * as z from "zod";
import { geluTanh } from "../../nn/index.ts";
import type { Tensor } from "../../tensor/index.ts";
import { gelu, relu } from "../../tensor/index.ts";

const activations = { gelu, gelu_new: geluTanh, gelu_pytorch_tanh: geluTanh, relu } as const;

export type HiddenAct = keyof typeof activations;

const names: readonly HiddenAct[] = ["gelu", "gelu_new", "gelu_pytorch_tanh", "relu"];

/** The value of `hidden_act` in config.json. */
export const hiddenAct: z.ZodType<HiddenAct> = z.enum(
  names,
  `must be ${names.map((name) => `"${name}"`).join(" or ")}, the activations implemented`,
);

/** act(x), element by element. */
export function activate(name: HiddenAct, x: Tensor): Tensor {
  return activations[name](x);
}
