/**
 * Median time of one training step (forward, backward, clip, AdamW; dropout on) against PyTorch fp32.
 *
 *     node --import ./scripts/typescript.js bench/step.ts [tiny|mini|base ...] [32x64|8x128 ...]
 *
 * Runs are interleaved: a block of our steps, a block of the peer's, and so on, in one session each. The peer is
 * Debian's python3-torch, tuned: OpenBLAS with threads, GOMP_SPINCOUNT=0 (its default spinning doubles its time).
 * Says so where it is absent. Not a test.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Random } from "../src/base/random.ts";
import { bertPreset } from "../src/models/bert/presets.ts";
import { initialize } from "../src/nn/index.ts";
import { loadBackend } from "../src/runtime/index.ts";
import { bertModel } from "../src/models/bert/family.ts";
import { classifierFeeds, createClassifierEngine } from "../src/train/classifier-engine.ts";

const VOCABULARY = 30522;
const shapes = [
  { b: 32, t: 64 },
  { b: 8, t: 128 },
];
const blocks: Readonly<Record<string, { readonly rounds: number; readonly steps: number }>> = {
  tiny: { rounds: 7, steps: 20 },
  mini: { rounds: 5, steps: 8 },
  base: { rounds: 3, steps: 2 },
};

const wanted = process.argv.slice(2);
const named = (name: string, all: readonly string[]) =>
  !all.some((one) => wanted.includes(one)) || wanted.includes(name);
const spell = ({ b, t }: { readonly b: number; readonly t: number }) => `${b}x${t}`;
for (const preset of Object.keys(blocks).filter((name) => named(name, Object.keys(blocks)))) {
  for (const shape of shapes.filter((one) => named(spell(one), shapes.map(spell)))) {
    await compare(preset, shape.b, shape.t);
  }
}

async function compare(preset: string, b: number, t: number): Promise<void> {
  const { rounds, steps } = blocks[preset];
  const peer = startPeer(preset, b, t);
  const ours = await startOurs(preset, b, t);
  const times: { ours: number[]; peer: number[] } = { ours: [], peer: [] };
  await ours.run(2);
  const peerIsHere = (await peer.run(2)) !== undefined;
  for (let round = 0; round < rounds; round++) {
    times.ours.push(...(await ours.run(steps)));
    times.peer.push(...((await peer.run(steps)) ?? []));
  }
  const residentMb = process.memoryUsage.rss() / 2 ** 20;
  await ours.stop();
  await peer.stop();
  const mine = median(times.ours);
  const line = `${preset.padEnd(5)} ${b}x${t}: attune ${mine.toFixed(1)} ms, resident ${residentMb.toFixed(0)} MB`;
  const theirs = median(times.peer);
  console.log(
    peerIsHere
      ? `${line}; PyTorch ${theirs.toFixed(1)} ms; ratio ${(mine / theirs).toFixed(2)}`
      : `${line}; no peer`,
  );
}

async function startOurs(preset: string, b: number, t: number) {
  const config = bertPreset(preset, {
    vocabSize: VOCABULARY,
    labels: ["no", "yes"],
    problemType: "single_label_classification",
  });
  const model = bertModel(config);
  const engine = await createClassifierEngine({
    model,
    backend: await loadBackend("native"),
    seed: 1,
    weightDecay: 0.01,
    maxGradNorm: 1,
    maxTokens: b * t,
    accumulates: false,
    threads: 2,
    emaDecay: 0,
  });
  for (const { spec, values } of engine.parameters) initialize(spec, 1, values);
  const random = new Random(1, "bench");
  const inputs = {
    inputIds: Int32Array.from({ length: b * t }, () => random.int(VOCABULARY)),
    attentionMask: new Int32Array(b * t).fill(1),
    tokenTypeIds: new Int32Array(b * t),
    batch: b,
    length: t,
  };
  const labels = Int32Array.from({ length: b }, () => random.int(2));
  let step = 0;
  return {
    async run(count: number): Promise<number[]> {
      const times: number[] = [];
      for (let i = 0; i < count; i++) {
        const start = performance.now();
        await engine.step(classifierFeeds([{ inputs, labels }], model), { step: step++, lr: 1e-5 });
        times.push(performance.now() - start);
      }
      return times;
    },
    stop: () => engine.dispose(),
  };
}

/** The peer in a process of its own; it waits for a number of steps on stdin and answers with their times. */
function startPeer(preset: string, b: number, t: number) {
  const script = fileURLToPath(new URL("step_peer.py", import.meta.url));
  const child = spawn("/usr/bin/python3", [script, preset, String(b), String(t)], {
    env: { ...process.env, GOMP_SPINCOUNT: "0" },
    stdio: ["pipe", "pipe", "ignore"],
  });
  child.on("error", () => undefined); // no python: run() answers undefined
  child.stdin.on("error", () => undefined);
  const lines = createInterface({ input: child.stdout });
  return {
    async run(count: number): Promise<number[] | undefined> {
      child.stdin.write(`${count}\n`);
      const line = await Promise.race([once(lines, "line"), once(lines, "close")]);
      return typeof line[0] === "string" ? line[0].split(" ").map(Number) : undefined;
    },
    async stop(): Promise<void> {
      child.stdin.end();
      if (child.exitCode === null && child.pid !== undefined) await once(child, "close");
    },
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
