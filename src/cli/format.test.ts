import { expect, it } from "vitest";
import { clock, count, counted, duration, fileSize, score, short } from "./format.ts";

it.each([
  [count(1234567), "1,234,567"],
  [counted(1, "row"), "1 row"],
  [counted(0, "row"), "0 rows"],
  [short(950), "950"],
  [short(41_234), "41.2k"],
  [short(999_499), "999k"],
  [short(999_500), "1.00M"],
  [short(110_104_890), "110M"],
  [score(0.97619), "0.9762"],
  [fileSize(0), "0 B"],
  [fileSize(999), "999 B"],
  [fileSize(1234), "1.2 kB"],
  [fileSize(17_560_000), "17.6 MB"],
  [fileSize(438_000_000), "438 MB"],
  [fileSize(999_900), "1.0 MB"],
  [clock(-5), "0:00"],
  [clock(7_400), "0:07"],
  [clock(725_000), "12:05"],
  [clock(3_723_000), "1:02:03"],
  [duration(12.4), "12 ms"],
  [duration(1_849), "1.8 s"],
  [duration(9_960), "10 s"],
  [duration(42_000), "42 s"],
  [duration(725_000), "12 min 5 s"],
  [duration(3_723_000), "1 h 2 min"],
])("%s is %s", (shown, expected) => {
  expect(shown).toBe(expected);
});
