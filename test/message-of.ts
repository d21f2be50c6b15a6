/** The message of the error that a call ends with, at once or later; fails where it does not end with one. */
export async function messageOf(work: () => unknown): Promise<string> {
  try {
    await work();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  throw new Error("expected an error, but nothing was thrown");
}
