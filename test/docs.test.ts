/**
 * The pages against the repository: what they link to, name and run is there; both READMEs show the same output and
 * the same example; and the example runs.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { z } from "zod";

const root = fileURLToPath(new URL("..", import.meta.url));
const read = (path: string) => readFileSync(join(root, path), "utf8");
const pagesIn = (folder: string, recursive: boolean) =>
  readdirSync(join(root, folder), { recursive, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(folder, name));
const pages = [
  ...pagesIn(".", false),
  ...["docs", "examples", "fixtures"].flatMap((folder) => pagesIn(folder, true)),
];
const readmes = ["README.md", "README.zh-CN.md"];
const { scripts } = z
  .object({ scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(read("package.json")));

/** The first group of every match. */
const all = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map((match) => match[1]);

/** The heading's anchor as GitHub makes it. */
const anchor = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .replaceAll(" ", "-");

describe.each(pages)("%s", (page) => {
  const text = read(page);

  it("links to what is there", () => {
    const broken = all(text, /\]\((?!https?:)([^)]+)\)/g).filter((link) => {
      const [path, fragment] = link.split("#");
      const target = path === "" ? page : join(dirname(page), path);
      if (!existsSync(join(root, target))) return true;
      return (
        fragment !== undefined &&
        !all(read(target), /^#+ (.+)$/gm)
          .map(anchor)
          .includes(fragment)
      );
    });
    expect(broken).toEqual([]);
  });

  it("names files and scripts that exist", () => {
    const files = all(text, /(?<![\w./-])([\w-]+(?:\/[\w.-]+)+\.(?:ts|js|py|sh|md|proto))\b/g);
    const missing = files.filter(
      (file) => !["", "src", dirname(page)].some((base) => existsSync(join(root, base, file))),
    );
    const commands = all(text, /npm run ([\w:]+)/g).filter((name) => !Object.hasOwn(scripts, name));
    expect([...missing.filter((file) => !file.includes("NNNN")), ...commands]).toEqual([]);
  });
});

describe("the READMEs", () => {
  it("show one output of the quickstart", () => {
    const [english, chinese] = readmes.map((page) =>
      all(read(page), /<!-- quickstart output -->\n(```text\n[^`]+```)/g),
    );
    expect(english).toHaveLength(1);
    expect(chinese).toEqual(english);
  });

  it.each(readmes)("%s shows the library examples as they are", (page) => {
    for (const example of ["quickstart", "transformer"])
      expect(read(page)).toContain(`\`\`\`ts\n${read(`examples/library/${example}.ts`)}\`\`\``);
  });
});

it("the first lines of attune/nn run", () => {
  const args = ["--import", "./scripts/typescript.js", "examples/library/transformer.ts"];
  const printed = execFileSync(process.execPath, args, { cwd: root, encoding: "utf8" });
  expect(printed).toContain("[ 10, 512 ]");
  expect(printed).toContain("self_attn.in_proj_");
});

it("the library example runs and is content with its result", () => {
  rmSync(join(root, "runs/library-quickstart"), { recursive: true, force: true });
  const args = ["--import", "./scripts/typescript.js", "examples/library/quickstart.ts"];
  expect(execFileSync(process.execPath, args, { cwd: root, encoding: "utf8" })).toMatch(
    /0\.\d{3} on test\n$/,
  );
}, 300_000);
