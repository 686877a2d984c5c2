/** @file Finds the clamps of a float graph that can become the activation of the operator before them. */

import { type Graph, type Node, toNumbers } from "@subbyte/graph";
import type { ActivationName } from "./schema.js";

export interface Fusion {
  readonly activation: ActivationName;
  /** The Relu or Clip that the operator before it performs. */
  readonly clamp: Node;
}

/** Operators that can have a fused activation. */
const FUSING = ["Conv", "Gemm", "Add", "Mul"];

/** Lower and upper bound of a Clip; infinite if absent. */
export function boundsOf(graph: Graph, { inputs }: Node): readonly [number, number] {
  const bound = (value: string | undefined, otherwise: number): number => {
    const tensor = value ? graph.tensors.get(value) : undefined;
    return tensor === undefined ? otherwise : toNumbers(tensor)[0]!;
  };
  return [bound(inputs[1], Number.NEGATIVE_INFINITY), bound(inputs[2], Number.POSITIVE_INFINITY)];
}

/** The activation that is equivalent to a node; undefined if there is none. */
export function activationOf(graph: Graph, node: Node): ActivationName | undefined {
  if (node.op === "Relu") return "relu";
  if (node.op !== "Clip") return undefined;
  const [low, high] = boundsOf(graph, node);
  if (low === 0 && high === Number.POSITIVE_INFINITY) return "relu";
  if (low === 0 && high === 6) return "relu6";
  return low === -1 && high === 1 ? "reluN1To1" : undefined;
}

/** The clamps that can be fused, by the value that they read; nothing else reads it. */
export function fusions(graph: Graph): ReadonlyMap<string, Fusion> {
  const found = new Map<string, Fusion>();
  for (const { op, outputs } of graph.nodes) {
    const [value] = outputs as [string];
    const readers = graph.nodes.filter(({ inputs }) => inputs.includes(value));
    if (!FUSING.includes(op) || readers.length !== 1 || graph.outputs.includes(value)) continue;
    const [clamp] = readers as [Node];
    const activation = activationOf(graph, clamp);
    if (activation !== undefined) found.set(value, { activation, clamp });
  }
  return found;
}
