/** Where a pre-training loop stands after `step` optimizer steps, and its curve so far: a checkpoint's state.json. */
import { z } from "zod";

const scoresSchema = z.strictObject({
  step: z.int(),
  tokens: z.number(),
  loss: z.number(),
  accuracy: z.number(),
  sentenceAccuracy: z.number().optional(),
});

const handoffSchema = z.strictObject({
  fromStep: z.int(),
  toStep: z.int(),
  /** By what: library, devices, precision. */
  by: z.string(),
});

export const pretrainStateSchema = z.strictObject({
  step: z.int(),
  cursor: z.strictObject({ epoch: z.int(), window: z.int(), step: z.int() }),
  /** Tokens seen, padding left out. */
  tokens: z.number(),
  curve: z.array(scoresSchema),
  /** Steps that were done elsewhere, after a hand-off. */
  handoffs: z.array(handoffSchema).optional(),
});

export type PretrainState = z.infer<typeof pretrainStateSchema>;
export type CurvePoint = z.infer<typeof scoresSchema>;

export const initialState: PretrainState = {
  step: 0,
  cursor: { epoch: 0, window: 0, step: 0 },
  tokens: 0,
  curve: [],
};
