/** Inputs that cannot be classified: counted, the first few kept to be named, and told of. */
import { AttuneError } from "../base/errors.ts";
import { counted } from "./format.ts";
import type { InputItem, InputSource } from "./inputs.ts";

export type BadItem = Extract<InputItem, { reason: string }>;

export function isBad(item: InputItem): item is BadItem {
  return "reason" in item;
}

const MOST_LISTED = 5;

/** Bad items of one source, however many, in little memory. */
export class BadItems {
  readonly #source: InputSource;
  readonly #first: BadItem[] = [];
  #count = 0;

  constructor(source: InputSource) {
    this.#source = source;
  }

  get count(): number {
    return this.#count;
  }

  /** Takes note of the bad ones among `items`. */
  add(items: readonly InputItem[]): void {
    const bad = items.filter(isBad);
    this.#count += bad.length;
    this.#first.push(...bad.slice(0, MOST_LISTED - this.#first.length));
  }

  /** "2 lines (line 3: blank; line 9: blank)" */
  toString(): string {
    const { unit } = this.#source;
    const shown = this.#first.map(({ line, reason }) => `${unit} ${line}: ${reason}`);
    if (this.#count > shown.length) shown.push("...");
    return `${counted(this.#count, unit)} (${shown.join("; ")})`;
  }

  /** Why work stops; only where there are any. */
  toError(): AttuneError {
    const { unit, name } = this.#source;
    return new AttuneError("ERR_BAD_ROWS", {
      rule: `every ${unit} must hold a text`,
      found: `${this.toString()} ${this.#count === 1 ? "does" : "do"} not`,
      next: "correct them, or pass --skip-bad-rows to leave them out and have them counted",
      file: name,
      row: this.#first[0].line,
    });
  }
}
