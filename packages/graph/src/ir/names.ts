/** @file Unique names. */

import type { Graph } from "./types.js";

/** All names in a graph: of inputs, constants, nodes and their outputs. */
export const namesIn = ({ inputs, tensors, nodes }: Graph): Set<string> =>
  new Set([
    ...inputs.map(({ name }) => name),
    ...tensors.keys(),
    ...nodes.flatMap(({ name, outputs }) => [name, ...outputs]),
  ]);

/** Makes unique names; each takes constant time, however often a stem is used. */
export class FreshNames {
  readonly #taken: Set<string>;
  readonly #next = new Map<string, number>();

  constructor(taken: Iterable<string>) {
    this.#taken = new Set(taken);
  }

  /** `stem` itself if it is free, else `stem_1`, `stem_2` …; the name is taken from then on. */
  fresh(stem: string): string {
    if (this.#taken.has(stem)) return this.numbered(stem, 1);
    this.#taken.add(stem);
    return stem;
  }

  /** The first of `stem_0`, `stem_1` … that is free, counted from `first`; the name is taken from then on. */
  numbered(stem: string, first = 0): string {
    let count = this.#next.get(stem) ?? first;
    while (this.#taken.has(`${stem}_${count}`)) count++;
    this.#next.set(stem, count + 1);
    const name = `${stem}_${count}`;
    this.#taken.add(name);
    return name;
  }

  /** Makes a name free again. */
  release(name: string): void {
    this.#taken.delete(name);
    this.#next.clear();
  }
}
