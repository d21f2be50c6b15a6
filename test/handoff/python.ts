/** Python with PyTorch, where it is: Debian's python3-torch, or the interpreter that ATTUNE_PYTHON names. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "vitest";
import { requireOrSkip } from "../shared-data.ts";

export const python = process.env.ATTUNE_PYTHON ?? "/usr/bin/python3";

/** Skips the running test where there is no PyTorch. */
export function requireTorch(context: TestContext): void {
  const search = "import importlib.util as u, sys; sys.exit(u.find_spec('torch') is None)";
  const there = existsSync(python) && spawnSync(python, ["-c", search]).status === 0;
  requireOrSkip(context, `PyTorch of ${python}`, there);
}

export interface PythonResult {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs Python to its end, on one thread. `onLine`: called with each line of output, and the way to kill it. */
export async function runPython(
  args: readonly string[],
  onLine: (line: string, kill: () => void) => void = () => {},
): Promise<PythonResult> {
  const child = spawn(python, args, {
    env: { ...process.env, OMP_NUM_THREADS: "1", PYTHONDONTWRITEBYTECODE: "1" },
  });
  let [out, err] = ["", ""];
  child.stdout.on("data", (data: Buffer) => {
    const lines = data.toString().split("\n");
    out += data.toString();
    for (const line of lines) onLine(line, () => child.kill("SIGKILL"));
  });
  child.stderr.on("data", (data: Buffer) => (err += data.toString()));
  await once(child, "close");
  return { code: child.exitCode, out, err };
}

/** Runs pretrain.py of a hand-off, which must end well unless it is killed. */
export async function train(
  folder: string,
  args: readonly string[] = [],
  onLine?: Parameters<typeof runPython>[1],
): Promise<PythonResult> {
  const result = await runPython([join(folder, "pretrain.py"), "--log-seconds", "0", ...args], onLine);
  if (result.code !== 0 && onLine === undefined) throw new Error(`pretrain.py: ${result.err}`);
  return result;
}

export interface LoggedStep {
  readonly step: number;
  readonly loss: number;
  readonly gradNorm: number;
  readonly lr: number;
  readonly tokens: number;
}

/** The steps of log.jsonl in order; where one stands twice, the later line. */
export function loggedSteps(folder: string): LoggedStep[] {
  const steps = new Map<number, LoggedStep>();
  for (const line of readFileSync(join(folder, "log.jsonl"), "utf8").trim().split("\n")) {
    const logged = JSON.parse(line) as LoggedStep & { readonly evaluation?: true };
    if (logged.evaluation === undefined) steps.set(logged.step, logged);
  }
  return [...steps.values()];
}
