/** Runs an example once, however many figures ask for its data, and keeps what it prints to itself. */

const results = new Map<() => Promise<unknown>, Promise<Ran<unknown>>>();

export interface Ran<T> {
  /** What `main` returned. */
  readonly data: T;
  /** What it printed, line by line. */
  readonly printed: readonly string[];
}

/** The result of an example's `main`. */
export async function dataOf<T>(main: () => Promise<T>): Promise<T> {
  return (await run(main)).data;
}

export function run<T>(main: () => Promise<T>): Promise<Ran<T>> {
  const known = results.get(main);
  // the map's value is what its key gave
  if (known !== undefined) return known as Promise<Ran<T>>;
  // one after the other: they share the console
  const before = [...results.values()].at(-1) ?? Promise.resolve();
  const running = before.then(
    () => capture(main),
    () => capture(main),
  );
  results.set(main, running);
  return running;
}

async function capture<T>(main: () => Promise<T>): Promise<Ran<T>> {
  const printed: string[] = [];
  const { log } = console;
  console.log = (...parts: unknown[]) => printed.push(...parts.map(String).join(" ").split("\n"));
  try {
    return { data: await main(), printed };
  } finally {
    console.log = log;
  }
}
