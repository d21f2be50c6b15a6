/**
 * A cursor into parsed JSON that knows its path, so that a refusal can name the entry.
 *
 * Does not validate by schema: the reader asks for what it needs.
 */
import { AttuneError } from "../base/errors.ts";

/** One value of a `tokenizer.json`. Every method throws ERR_TOKENIZER_JSON if the value is not what is asked for. */
export class JsonEntry {
  readonly path: string;
  readonly value: unknown;
  readonly #file: string | undefined;

  constructor(path: string, value: unknown, file?: string) {
    this.path = path;
    this.value = value;
    this.#file = file;
  }

  /** The document in `text`. */
  static parse(text: string, file?: string): JsonEntry {
    try {
      return new JsonEntry("the file", JSON.parse(text), file);
    } catch (cause) {
      throw new AttuneError("ERR_TOKENIZER_JSON", {
        rule: "tokenizer.json must be JSON",
        found: cause instanceof Error ? cause.message : "it does not parse",
        next: "download it again, or read vocab.txt in its place",
        ...(file === undefined ? {} : { file }),
        cause,
      });
    }
  }

  /** The keys and values of an object. */
  entries(): [string, unknown][] {
    return Object.entries(this.#object());
  }

  /** The member `key` of an object; its value is undefined where there is none. */
  get(key: string): JsonEntry {
    return this.#inside(key, Reflect.get(this.#object(), key));
  }

  /** The elements of an array. */
  elements(): JsonEntry[] {
    if (!Array.isArray(this.value)) throw this.refusal("an array");
    return this.value.map((element, i) => this.#inside(String(i), element));
  }

  boolean(fallback: boolean): boolean {
    if (this.value === undefined || this.value === null) return fallback;
    if (typeof this.value !== "boolean") throw this.refusal("true or false");
    return this.value;
  }

  string(): string {
    if (typeof this.value !== "string") throw this.refusal("a string");
    return this.value;
  }

  /** A whole number from 0. */
  count(): number {
    if (typeof this.value !== "number" || !Number.isInteger(this.value) || this.value < 0) {
      throw this.refusal("a whole number from 0");
    }
    return this.value;
  }

  /** Throws unless the value is one of `values`. */
  mustBe(...values: readonly (string | boolean | null | undefined)[]): void {
    if (!values.some((value) => value === this.value)) {
      throw this.refusal(
        values.map((value) => (value === undefined ? "nothing" : JSON.stringify(value))).join(" or "),
      );
    }
  }

  /** The error for a value that cannot be followed; `found` where the value itself would not tell. */
  refusal(wanted: string, found = this.#shown()): AttuneError {
    return new AttuneError("ERR_TOKENIZER_JSON", {
      rule: `${this.path} must be ${wanted}`,
      found: `found ${found.length > 120 ? `${found.slice(0, 120)}...` : found}`,
      next: "use the tokenizer of a BERT model; no other kind would be tokenized as it was trained",
      ...(this.#file === undefined ? {} : { file: this.#file }),
    });
  }

  #shown(): string {
    return this.value === undefined ? "nothing" : JSON.stringify(this.value);
  }

  #object(): object {
    const { value } = this;
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw this.refusal("an object");
    return value;
  }

  #inside(key: string, value: unknown): JsonEntry {
    return new JsonEntry(this.path === "the file" ? key : `${this.path}.${key}`, value, this.#file);
  }
}
