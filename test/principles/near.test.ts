import { expect, it } from "vitest";
import { differingLine, findNear, nearLine } from "./near.ts";

it("lets the last printed digit differ by one, and nothing else", () => {
  expect(nearLine("loss 1.05 at 300", "loss 1.06 at 300")).toBe(true);
  expect(nearLine("loss 1.05 at 300", "loss 1.07 at 300")).toBe(false);
  expect(nearLine("loss 1.05 at 300", "loss 1.05 at 301")).toBe(false);
  expect(nearLine("loss 1.05", "cost 1.05")).toBe(false);
  expect(nearLine("a  0.0 b", "a -0.0 b")).toBe(true);
});

it("finds lines that follow each other", () => {
  const printed = ["a 1", "b 0.25", "c", "b 0.25", "d"];
  expect(findNear(printed, ["b 0.26", "d"])).toBe(3);
  expect(findNear(printed, ["c", "d"])).toBe(-1);
  expect(findNear(printed, ["d", "e"])).toBe(-1);
});

it("lets shapes move by three pixels, and what is read by its last digit", () => {
  const drawn = ["<svg>", '<circle cx="10" cy="20"/>', '<text x="4" y="5">0.25</text>', "</svg>"];
  const like = (index: number, line: string) => drawn.map((each, i) => (i === index ? line : each));
  expect(differingLine(drawn, drawn)).toBeUndefined();
  expect(differingLine(drawn, like(1, '<circle cx="12.9" cy="20"/>'))).toBeUndefined();
  expect(differingLine(drawn, like(1, '<circle cx="13.1" cy="20"/>'))).toBe(1);
  expect(differingLine(drawn, like(2, '<text x="4" y="5">0.26</text>'))).toBeUndefined();
  expect(differingLine(drawn, like(2, '<text x="4" y="5">0.28</text>'))).toBe(2);
  expect(differingLine(drawn, drawn.slice(0, 3))).toBe(3);
  expect(differingLine(drawn.slice(0, 3), drawn)).toBe(3);
});
