/** Two sessions that belong together: both open or none, and both are freed whatever happens to the other. */
import type { RunSession } from "../runtime/session.ts";

/** Opens both, one after the other; where the second fails the first is disposed of. */
export async function openBoth(
  first: () => Promise<RunSession>,
  second: () => Promise<RunSession>,
): Promise<readonly [RunSession, RunSession]> {
  const opened = await first();
  try {
    return [opened, await second()];
  } catch (error) {
    await opened.dispose();
    throw error;
  }
}

/** Disposes of both; the second also where the first fails. */
export async function disposeBoth(first: RunSession, second: RunSession): Promise<void> {
  try {
    await first.dispose();
  } finally {
    await second.dispose();
  }
}
