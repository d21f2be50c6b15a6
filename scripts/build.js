/**
 * Builds dist/: compiled sources, the script that hand-offs carry, and the WebAssembly runtime that stands in where no
 * native one is installed.
 *
 * `npm run build` runs it, and so does npm itself as `prepare`: after `npm ci`, before packing, and when the
 * package is installed from git. Where the dev dependencies are absent (`npm ci --omit=dev`) there is nothing to
 * build with: as `prepare` it says so and leaves dist/ alone, called by hand it fails.
 *
 * Does not check types beyond the compiled files, and does not build the optimizer's WASM kernels: their bytes
 * are committed (src/optim).
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = join(root, "dist");
const compiler = join(root, "node_modules/@typescript/native/bin/tsc");
const runtime = join(root, "node_modules/onnxruntime-web");
const vendored = join(dist, "vendor/onnxruntime-web");

/**
 * What a program needs to run onnxruntime-web's CPU build, and nothing of its WebGL and WebGPU ones.
 * ort.node imports onnxruntime-common; ort.wasm carries it; both load the other two, with or without threads.
 */
const VENDORED = [
  ["dist/ort.node.min.mjs", "ort.node.min.mjs"],
  ["dist/ort.wasm.min.mjs", "ort.wasm.min.mjs"],
  ["dist/ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.mjs"],
  ["dist/ort-wasm-simd-threaded.wasm", "ort-wasm-simd-threaded.wasm"],
];

const missing = [compiler, runtime].filter((path) => !existsSync(path));
if (missing.length > 0) {
  console.error(
    `attune: cannot build without the dev dependencies; ${missing.join(" and ")} not found; run npm ci`,
  );
  process.exitCode = process.env.npm_lifecycle_event === "prepare" ? 0 : 1;
} else if (compile()) {
  removeStale();
  vendorRuntime();
  copyScript();
}

/** Runs the compiler, whose messages go straight to the terminal; returns whether it was content. */
function compile() {
  const { status, error } = spawnSync(process.execPath, [compiler, "-p", "tsconfig.build.json"], {
    cwd: root,
    stdio: "inherit",
  });
  if (status === 0) return true;
  console.error(
    `attune: the sources do not compile${error === undefined ? "" : ` (${error.message})`}; see above`,
  );
  process.exitCode = 1;
  return false;
}

/** Deletes the outputs of sources that were renamed or removed: they would still be imported and published. */
function removeStale() {
  for (const file of readdirSync(dist, { recursive: true, encoding: "utf8" })) {
    const output = /^(?!vendor[\\/])(.+?)(\.d\.ts|\.js\.map|\.js)$/.exec(file);
    if (output !== null && !existsSync(join(root, "src", `${output[1]}.ts`))) rmSync(join(dist, file));
  }
}

/** Copies what changed of the runtime, with its licence, which the npm package does not carry. */
function vendorRuntime() {
  mkdirSync(vendored, { recursive: true });
  for (const [from, to] of VENDORED) copyIfNewer(join(runtime, from), join(vendored, to));
  copyIfNewer(join(root, "licenses/onnxruntime.txt"), join(vendored, "LICENSE"));
}

/** The PyTorch script that a hand-off copies into its folder. */
function copyScript() {
  mkdirSync(join(dist, "handoff/torch"), { recursive: true });
  copyFileSync(join(root, "src/handoff/torch/pretrain.py"), join(dist, "handoff/torch/pretrain.py"));
}

/**
 * @param {string} from
 * @param {string} to
 */
function copyIfNewer(from, to) {
  const source = statSync(from);
  const copy = statSync(to, { throwIfNoEntry: false });
  if (copy?.size === source.size && copy.mtimeMs >= source.mtimeMs) return;
  copyFileSync(from, to);
}
