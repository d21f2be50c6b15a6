import fc from "fast-check";
import { expect, it } from "vitest";
import { NONE, Trie } from "./trie.ts";

function lookUp(trie: Trie, root: number, key: string): number {
  let node = root;
  let value = NONE;
  for (let i = 0; i < key.length; i++) {
    const edge = trie.find(node, key.charCodeAt(i));
    if (edge === NONE) return NONE;
    node = trie.child(edge);
    value = trie.value(edge);
  }
  return value;
}

it("agrees with a map, root by root", () => {
  // few units, so that keys share prefixes, and the ends of the range, so that hashing is put to the test
  const key = fc.string({
    unit: fc.constantFrom("a", "b", "\u0000", "\uffff", "你", "\ud83d"),
    minLength: 1,
    maxLength: 8,
  });
  fc.assert(
    fc.property(fc.array(key, { maxLength: 300 }), fc.array(key), (keys, absent) => {
      const trie = new Trie();
      const roots = [trie.addRoot(), trie.addRoot()];
      const maps = [new Map<string, number>(), new Map<string, number>()];
      for (const [i, k] of keys.entries()) {
        trie.set(roots[i % 2], k, i);
        maps[i % 2].set(k, i);
      }
      for (const k of [...keys, ...absent]) {
        for (const r of [0, 1]) expect(lookUp(trie, roots[r], k)).toBe(maps[r].get(k) ?? NONE);
      }
    }),
  );
});

it("grows to a vocabulary's size", () => {
  const trie = new Trie();
  const root = trie.addRoot();
  const keys = Array.from(
    { length: 20_000 },
    (_, i) => `${String.fromCharCode(0x4e00 + i)}${i.toString(36)}`,
  );
  for (const [i, key] of keys.entries()) trie.set(root, key, i);
  expect(keys.map((key) => lookUp(trie, root, key))).toEqual(keys.map((_, i) => i));
});

it("ignores the empty string", () => {
  const trie = new Trie();
  const root = trie.addRoot();
  trie.set(root, "", 7);
  expect(trie.find(root, 0)).toBe(NONE);
});
