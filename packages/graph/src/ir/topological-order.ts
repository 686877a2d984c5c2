/** @file Nodes in an order in which each value is produced before it is read. */

import type { Node } from "./types.js";

/**
 * The nodes in topological order, as close to the given order as possible; the same list if it is in order already. Nodes on a
 * cycle, and those that depend on one, come last in the given order. If a value is produced twice, the given order is kept.
 * `verify` refuses both.
 */
export function topologicalOrder(nodes: readonly Node[]): readonly Node[] {
  const producers = new Map<string, number>();
  for (const [at, { outputs }] of nodes.entries())
    for (const output of outputs) {
      if (output === "") continue;
      if (producers.has(output)) return nodes;
      producers.set(output, at);
    }
  /** Positions of the nodes that another node waits for. */
  const sources = nodes.map(({ inputs }) => [...new Set(inputs.flatMap((input) => producers.get(input) ?? []))]);
  if (sources.every((list, at) => list.every((source) => source < at))) return nodes;

  const waiting = sources.map((list) => list.length);
  const readers = nodes.map((): number[] => []);
  for (const [at, list] of sources.entries()) for (const source of list) readers[source]!.push(at);
  const ordered: Node[] = [];
  const done = new Uint8Array(nodes.length);
  // Emits a node, and then every reader whose last source it was, depth first, without recursion.
  const stack: number[] = [];
  for (let start = 0; start < nodes.length; start++) {
    if (waiting[start] === 0 && !done[start]) stack.push(start);
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      done[at] = 1;
      ordered.push(nodes[at]!);
      for (const reader of readers[at]!.toReversed())
        if (--waiting[reader]! === 0 && reader <= start) stack.push(reader);
    }
  }
  return [...ordered, ...nodes.filter((_, at) => !done[at])];
}
