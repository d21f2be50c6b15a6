/**
 * A trie over UTF-16 units whose edges live in one hash table.
 *
 * An edge is found in one probe as a rule, and without making substrings, whatever the size of the alphabet: a
 * Chinese vocabulary has thousands of edges at the root, an English one a few dozen.
 *
 * Does not remove, and does not hold the empty string.
 */

/** What a node without a value has, and what a missing edge gives. */
export const NONE = -1;

/** Entries of the table an edge takes: parent node, unit, child node, value at the child. */
const STRIDE = 4;

/** Maps strings to non-negative integers. Roots are nodes, made by `addRoot`; each starts a trie of its own. */
export class Trie {
  #edges = newTable(1024);
  #shift = 32 - 10;
  #edgeCount = 0;
  #nodeCount = 0;

  /** A new, empty root. */
  addRoot(): number {
    return this.#nodeCount++;
  }

  /** Maps `key` under `root` to `value`, in place of an earlier value. */
  set(root: number, key: string, value: number): void {
    let node = root;
    let edge = NONE;
    for (let i = 0; i < key.length; i++) {
      edge = this.find(node, key.charCodeAt(i));
      if (edge === NONE) edge = this.#add(node, key.charCodeAt(i));
      node = this.child(edge);
    }
    if (edge !== NONE) this.#edges[edge + 3] = value;
  }

  /** The edge from `node` along `unit`, or NONE. */
  find(node: number, unit: number): number {
    const edges = this.#edges;
    const mask = edges.length - 1;
    let edge = (hash(node, unit) >>> this.#shift) * STRIDE;
    while (edges[edge] !== NONE) {
      if (edges[edge] === node && edges[edge + 1] === unit) return edge;
      edge = (edge + STRIDE) & mask;
    }
    return NONE;
  }

  /** The node that `edge` leads to. */
  child(edge: number): number {
    return this.#edges[edge + 2];
  }

  /** The value of the string that ends with `edge`, or NONE. */
  value(edge: number): number {
    return this.#edges[edge + 3];
  }

  #add(node: number, unit: number): number {
    if (this.#edgeCount * 2 >= this.#edges.length / STRIDE) this.#grow();
    this.#edgeCount++;
    return this.#place(node, unit, this.#nodeCount++, NONE);
  }

  #place(node: number, unit: number, child: number, value: number): number {
    const mask = this.#edges.length - 1;
    let edge = (hash(node, unit) >>> this.#shift) * STRIDE;
    while (this.#edges[edge] !== NONE) edge = (edge + STRIDE) & mask;
    this.#edges.set([node, unit, child, value], edge);
    return edge;
  }

  #grow(): void {
    const old = this.#edges;
    this.#edges = newTable((old.length / STRIDE) * 2);
    this.#shift--;
    for (let edge = 0; edge < old.length; edge += STRIDE) {
      if (old[edge] !== NONE) this.#place(old[edge], old[edge + 1], old[edge + 2], old[edge + 3]);
    }
  }
}

function newTable(edges: number): Int32Array {
  return new Int32Array(edges * STRIDE).fill(NONE);
}

/** Spreads a pair over 32 bits, of which the upper ones are the best. */
function hash(node: number, unit: number): number {
  return Math.imul(Math.imul(node, 0x9e3779b1) ^ unit, 0x85ebca6b);
}
