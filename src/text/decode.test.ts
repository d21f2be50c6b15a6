import { expect, it } from "vitest";
import { joinTokens } from "./decode.ts";

it.each([
  [[], ""],
  [["hello"], "hello"],
  [["un", "##want", "##ed", "guests"], "unwanted guests"],
  [["##ing", "at", "the", "front"], "##ing at the front"],
  [["wait", ".", ".", "what", "?", "!", "yes", ",", "no"], "wait.. what?! yes, no"],
  [["do", "n't", "we", "'ve", "it", "'s", "i", "'m", "you", "'re"], "don't we've it's i'm you're"],
  [["can", "'", "t"], "can't"],
  [["你", "好", "。"], "你 好 。"],
])("%j", (tokens, text) => {
  expect(joinTokens(tokens, true)).toBe(text);
});

it("leaves the spaces alone when asked to", () => {
  expect(joinTokens(["no", ",", "can", "'", "t", "##s"], false)).toBe("no , can ' ts");
});
