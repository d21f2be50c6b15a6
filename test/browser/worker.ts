/** Answers each name of a case with its numbers, or with what went wrong, on the port that came with it. */
import type { Answer } from "./page.ts";
import { run } from "./page.ts";

addEventListener("message", ({ data, ports: [port] }: MessageEvent<string>) => {
  const answer = (said: Answer) => port.postMessage(said);
  run(data).then(
    (results) => answer({ results }),
    (error: unknown) => answer({ error: String(error) }),
  );
});
