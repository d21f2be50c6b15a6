/** The page of docs/browser.md: shown there as it is, and run here as it says, from its server to its last line. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { requireDist } from "../runtimes.ts";
import { root } from "./bundle.ts";
import { launch, open, requireChromium } from "./chromium.ts";

const pages = ["docs/browser.md", "docs/browser.zh-CN.md"];
const read = (path: string) => readFileSync(join(root, path), "utf8");

describe.each(pages)("%s", (page) => {
  it.each([
    ["html", "index.html"],
    ["ts", "worker.ts"],
    ["ts", "serve.ts"],
  ])("shows the example's %s file %s as it is", (language, file) => {
    expect(read(page)).toContain(`\`\`\`${language}\n${read(`examples/browser/${file}`)}\`\`\``);
  });
});

it("the example runs, and prints what its pages say", async (context) => {
  requireChromium(context);
  requireDist(context);
  const args = ["--import", "./scripts/typescript.js", "examples/browser/serve.ts"];
  const server = spawn(process.execPath, args, {
    cwd: root,
    env: { ...process.env, PORT: "0" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const browser = await launch();
  try {
    const [address] = await once(server.stdout.setEncoding("utf8"), "data");
    const { page } = await open(browser, String(address).trim());
    const text = (): Promise<string> => page.locator("#log").innerText();
    await expect.poll(text, { timeout: 50_000, interval: 100 }).toMatch(/right|error/i);
    const lines = await text();
    for (const doc of pages)
      expect(shapeOf(/<!-- output -->\n```text\n([^`]+)```/.exec(read(doc))?.[1])).toEqual(shapeOf(lines));
    expect(Number(/(\d+) of 100 right/.exec(lines)?.[1])).toBeGreaterThanOrEqual(95);
  } finally {
    await browser.close();
    server.kill();
  }
});

/** The lines, with losses and counts of right answers hidden: they vary with threads and processors. */
function shapeOf(lines = ""): readonly string[] {
  return lines
    .trim()
    .split("\n")
    .map((line) => line.replace(/\d+\.\d+$|\d+(?= of 100)/, "#"));
}
