/**
 * Dates and the ways to write them: what the model learns from is made here, all of it.
 *
 * Only spellings that can mean one date are in: not 8/7/2024, which is August 7th in America and July 8th in Britain,
 * and not '24, which may be 1924.
 */

/** Days since 1970-01-01, which may be negative. */
export type Day = number;

/** A way to write a date, from its parts; its name is how it writes 20 August 2024. */
export interface Spelling {
  readonly name: string;
  readonly write: (day: Day) => string;
}

interface Parts {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  /** Two digits each. */
  readonly mm: string;
  readonly dd: string;
  /** August, Aug, 20th, Tuesday, Tue. */
  readonly monthName: string;
  readonly monthShort: string;
  readonly nth: string;
  readonly weekday: string;
  readonly weekdayShort: string;
  /** 八, 二十, 二. */
  readonly monthZh: string;
  readonly dayZh: string;
  readonly weekdayZh: string;
}

const MONTHS = "January February March April May June July August September October November December".split(
  " ",
);
const WEEKDAYS = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ");

const FIRST: Day = Date.UTC(1900, 0, 1) / 86_400_000;
const LAST: Day = Date.UTC(2099, 11, 31) / 86_400_000;

/** Every day from 1900-01-01 to 2099-12-31, 73,049 of them. */
export const allDays: readonly Day[] = Array.from({ length: LAST - FIRST + 1 }, (_, i) => FIRST + i);

/** What the model is to write: 2024-08-20 (ISO 8601). */
export function isoDate(day: Day): string {
  return new Date(day * 86_400_000).toISOString().slice(0, 10);
}

export const spellings: readonly Spelling[] = [
  // English
  ({ monthShort, day, year }: Parts) => `${monthShort} ${day}, ${year}`,
  ({ monthName, day, year }: Parts) => `${monthName} ${day}, ${year}`,
  ({ monthShort, nth, year }: Parts) => `${monthShort} ${nth}, ${year}`,
  ({ monthName, nth, year }: Parts) => `${monthName} ${nth}, ${year}`,
  ({ monthName, day, year }: Parts) => `${day} ${monthName} ${year}`,
  ({ monthShort, day, year }: Parts) => `${day} ${monthShort} ${year}`,
  ({ monthShort, dd, year }: Parts) => `${dd}-${monthShort}-${year}`,
  ({ monthName, nth, year }: Parts) => `the ${nth} of ${monthName}, ${year}`,
  ({ weekday, monthName, day, year }: Parts) => `${weekday}, ${day} ${monthName} ${year}`,
  ({ weekdayShort, monthShort, dd, year }: Parts) => `${weekdayShort} ${monthShort} ${dd} ${year}`,
  ({ monthShort, day, year }: Parts) => `${monthShort} ${day}, ${year}`.toUpperCase(),
  // neither
  ({ year, mm, dd }: Parts) => `${year}-${mm}-${dd}`,
  ({ year, mm, dd }: Parts) => `${year}/${mm}/${dd}`,
  ({ year, month, day }: Parts) => `${year}.${month}.${day}`,
  // Chinese
  ({ year, month, day }: Parts) => `${year}年${month}月${day}日`,
  ({ year, mm, dd }: Parts) => `${year}年${mm}月${dd}日`,
  ({ year, month, day }: Parts) => `${year} 年 ${month} 月 ${day} 日`,
  ({ year, month, day }: Parts) => `${year}年${month}月${day}号`,
  ({ year, month, day, weekdayZh }: Parts) => `${year}年${month}月${day}日 星期${weekdayZh}`,
  ({ year, month, day }: Parts) => fullWidth(`${year}年${month}月${day}日`),
  ({ year, monthZh, dayZh }: Parts) => `${digitsZh(year)}年${monthZh}月${dayZh}日`,
  ({ year, monthZh, dayZh }: Parts) => `${digitsZh(year, "零")}年${monthZh}月${dayZh}号`,
].map((write) => ({
  name: write(partsOf(Date.UTC(2024, 7, 20) / 86_400_000)),
  write: (day) => write(partsOf(day)),
}));

function partsOf(days: Day): Parts {
  const date = new Date(days * 86_400_000);
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()];
  const [monthName, weekday] = [MONTHS[month - 1], WEEKDAYS[date.getUTCDay()]];
  return {
    year,
    month,
    day,
    mm: twoDigits(month),
    dd: twoDigits(day),
    monthName,
    monthShort: monthName.slice(0, 3),
    nth: ordinal(day),
    weekday,
    weekdayShort: weekday.slice(0, 3),
    monthZh: numberZh(month),
    dayZh: numberZh(day),
    weekdayZh: "日一二三四五六"[date.getUTCDay()],
  };
}

function twoDigits(n: number): string {
  return String(n).padStart(2, "0");
}

/** 1st, 2nd, 3rd, 4th, ..., 11th, 12th, 13th, ... */
function ordinal(n: number): string {
  const last = n % 10;
  const teen = n >= 11 && n <= 13;
  return `${n}${teen || last === 0 || last > 3 ? "th" : ["st", "nd", "rd"][last - 1]}`;
}

/** 1 to 99 in words: 八, 十, 十二, 二十, 三十一. */
function numberZh(n: number): string {
  const [tens, ones] = [Math.floor(n / 10), n % 10];
  const ten = tens === 0 ? "" : tens === 1 ? "十" : `${digitsZh(tens)}十`;
  return ten + (ones === 0 ? "" : digitsZh(ones));
}

/** Digit by digit: 2024 is 二〇二四. */
function digitsZh(n: number, zero: "〇" | "零" = "〇"): string {
  return String(n).replace(/\d/g, (digit) => `${zero}一二三四五六七八九`[Number(digit)]);
}

/** 2024 as ２０２４. */
function fullWidth(text: string): string {
  return text.replace(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit)));
}
