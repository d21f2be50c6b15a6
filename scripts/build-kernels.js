/**
 * Compiles the optimizer's AssemblyScript kernels into `src/optim/kernels.generated.ts`.
 *
 *     node scripts/build-kernels.js           writes the file
 *     node scripts/build-kernels.js --check   exits with 1 when the file is not what the sources give
 *
 * The generated file is committed: installing and building need no compiler, and a browser needs no fetch.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

const root = fileURLToPath(new URL("..", import.meta.url));
const target = `${root}src/optim/kernels.generated.ts`;

const generated = moduleText(await compile());
if (process.argv.includes("--check")) {
  if (generated !== readFileSync(target, "utf8")) {
    console.error("src/optim/kernels.generated.ts is stale: run `node scripts/build-kernels.js`");
    process.exitCode = 1;
  }
} else {
  writeFileSync(target, generated);
}

/**
 * @returns {Promise<Uint8Array>} the WASM module: it imports its memory and has no data of its own
 */
async function compile() {
  /** @type {Uint8Array | undefined} */
  let wasm;
  const options =
    "--runtime stub --enable simd --importMemory --initialMemory 0 --optimizeLevel 3 --noAssert --outFile kernels.wasm";
  const stderr = asc.createMemoryStream();
  const { error } = await asc.main(
    ["src/optim/assembly/kernels.ts", "--baseDir", root, ...options.split(" ")],
    {
      stderr,
      writeFile: (_name, contents) => {
        if (contents instanceof Uint8Array) wasm = contents;
      },
    },
  );
  if (error !== null || wasm === undefined)
    throw new Error(`the kernels do not compile:\n${stderr.toString()}`);
  return wasm;
}

/**
 * @param {Uint8Array} wasm
 * @returns {string}
 */
function moduleText(wasm) {
  const base64 = Buffer.from(wasm).toString("base64");
  return `// Written by scripts/build-kernels.js from src/optim/assembly: do not edit.\nexport const kernelsBase64 =\n  "${base64}";\n`;
}
