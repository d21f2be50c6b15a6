/** Loading a model for a command, and putting it away. */
import type { LoadOptions } from "../tasks/types.ts";
import type { Classifier, Context } from "./context.ts";
import { noteSlowDevice } from "./notes.ts";
import { Progress } from "./progress.ts";

/** Work that ends sooner shows no bar. */
const BAR_AFTER_MS = 500;

/** Runs `work` with the model in `folder`; the model is freed and the bar taken away however it ends. */
export async function withModel<T>(
  { terminal, loadLibrary }: Pick<Context, "terminal" | "loadLibrary">,
  folder: string,
  { device, threads }: LoadOptions,
  work: (classifier: Classifier, progress: Progress) => Promise<T>,
): Promise<T> {
  const progress = new Progress(terminal, { delayMs: BAR_AFTER_MS });
  try {
    progress.update({ label: "loading the model" });
    const library = await loadLibrary();
    const classifier = await library.load(folder, { device, threads });
    try {
      progress.above(() => noteSlowDevice(terminal, classifier.device, device));
      return await work(classifier, progress);
    } finally {
      await classifier.dispose();
    }
  } finally {
    progress.close();
  }
}
