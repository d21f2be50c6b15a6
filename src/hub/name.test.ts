import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isCommit, isHubId, isRevision, parseHubName } from "./name.ts";

describe("a hub id", () => {
  test.each([
    ["google-bert/bert-base-chinese", "google-bert/bert-base-chinese", undefined],
    ["bert-base-chinese", "bert-base-chinese", undefined],
    ["answerdotai/ModernBERT-base@main", "answerdotai/ModernBERT-base", "main"],
    ["a/b@refs/pr/3", "a/b", "refs/pr/3"],
    ["a/b@v1.0", "a/b", "v1.0"],
    ["nghuyong/ernie-3.0-base-zh", "nghuyong/ernie-3.0-base-zh", undefined],
    ["_x/y_", "_x/y_", undefined],
  ])("is %s", (name, id, revision) => {
    expect(parseHubName(name)).toEqual({ id, revision, explicit: false });
    expect(parseHubName(`hf://${name}`)).toEqual({ id, revision, explicit: true });
  });

  test.each([
    ["./runs/spam"],
    ["../x"],
    ["/models/bert"],
    ["~/model"],
    ["runs/spam/checkpoints"],
    ["runs/"],
    ["C:\\models\\bert"],
    ["C:/models"],
    ["-x/y"],
    ["a--b/c"],
    ["a/.."],
    [".."],
    [""],
    ["模型/中文"],
    ["a b/c"],
    [`a/${"b".repeat(96)}`],
    ["repo.git"],
  ])("is not %s, which can only be a path", (name) => {
    expect(parseHubName(name)).toBeUndefined();
    expect(() => parseHubName(`hf://${name}`)).toThrow("ERR_HUB_ID");
  });

  test.each(["model.onnx", "runs/model.safetensors", "train.csv", "x/data.JSONL.gz"])(
    "is not %s, the name of a file, unless hf:// says so",
    (name) => {
      expect(parseHubName(name)).toBeUndefined();
      expect(parseHubName(`hf://${name}`)?.id).toBe(name);
    },
  );

  test("is asked for where a web address or a bad revision was given", () => {
    expect(() => parseHubName("https://huggingface.co/google-bert/bert-base-chinese/tree/main")).toThrow(
      /ERR_HUB_ID: .*a web address was given; write google-bert\/bert-base-chinese/,
    );
    expect(() => parseHubName("https://hf-mirror.com/")).toThrow(/ERR_HUB_ID: .*copy the id/);
    for (const revision of ["", "../main", "a b", "-x", "/x", "x/", "x.lock", "a//b", "x@y", "é"])
      expect(() => parseHubName(`a/b@${revision}`), `${revision}`).toThrow(/ERR_HUB_ID: .*is no revision/);
  });
});

test("whatever the name, an id and its revision stay inside the cache's folders", () => {
  const pieces = fc.constantFrom(
    "a",
    "B",
    "7",
    "/",
    "@",
    ".",
    "..",
    "-",
    "--",
    "_",
    "\\",
    "~",
    " ",
    "%2e",
    "中",
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
      let parsed;
      try {
        parsed = parseHubName(parts.join(""));
      } catch {
        return;
      }
      if (parsed === undefined) return;
      for (const segment of [...parsed.id.split("/"), ...(parsed.revision ?? "x").split("/")]) {
        expect(segment).toMatch(/^[\w.+-]+$/);
        expect(segment).not.toMatch(/^\.|\.\./);
      }
      expect(isHubId(parsed.id)).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test("commits are whole hashes, and revisions what git allows", () => {
  expect(isCommit("0".repeat(40))).toBe(true);
  for (const other of ["0".repeat(39), "g".repeat(40), "A".repeat(40), "main"])
    expect(isCommit(other)).toBe(false);
  expect(isRevision("feature/a+b")).toBe(true);
});
