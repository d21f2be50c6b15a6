/** From work that calls back to events that are iterated. */

/**
 * Runs `work` and yields what it emits, in order; returns what it returns and throws what it throws. Leaving the
 * iteration early aborts the signal that `work` is given, and waits for it to end.
 *
 * @example
 * const place = yield* emitting((emit, signal) => resolveModel(name, { onProgress: emit, signal }));
 */
export async function* emitting<E, T>(
  work: (emit: (event: E) => void, signal: AbortSignal) => Promise<T>,
): AsyncGenerator<E, T> {
  const waiting: E[] = [];
  const stop = new AbortController();
  let ended = false;
  let wake = () => {};
  const emit = (event: E) => {
    waiting.push(event);
    wake();
  };
  const result = work(emit, stop.signal).finally(() => {
    ended = true;
    wake();
  });
  result.catch(() => undefined); // thrown below; a rejection may come before that
  try {
    for (;;) {
      const event = waiting.shift();
      if (event !== undefined) {
        yield event;
      } else if (ended) {
        return await result;
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    stop.abort();
    await result.catch(() => undefined);
  }
}
