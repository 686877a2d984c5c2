/**
 * @file Damping of oscillations: with few bits, weights jump back and forth between two codes, because straight-through
 * gradients push them across the boundary between the two again and again. A pull towards the middle of the code's interval
 * lets them settle:
 *
 *   λ·‖ŵ − clamp(w)‖², no gradient through ŵ;   its gradient is 2λ·(w − ŵ) if w is within the range, else 0
 *
 * Source: Nagel et al. 2022, "Overcoming oscillations in quantization-aware training", arXiv:2203.11086, §4.1.
 */

import { type Graph, GraphBuilder } from "@subbyte/graph";

/** Graph input with λ, a scalar. */
export const DAMPING = "damping";

export interface DampedGraph {
  readonly graph: Graph;
  /** Appends the damping gradient of a parameter; undefined if it has none. */
  readonly gradientTerm: (g: GraphBuilder, parameter: string) => string | undefined;
}

/**
 * Adds nodes that compute the distances of quantized weights from the middle of their code's interval.
 *
 * @param isTrained says which constants are parameters
 */
export function withDamping(graph: Graph, isTrained: (name: string) => boolean): DampedGraph {
  const g = new GraphBuilder(graph.name, graph);
  const distances = new Map<string, string>();
  for (const { op, inputs, outputs, attributes } of graph.nodes) {
    const [weight, scale, zeroPoint] = inputs;
    if (op !== "FakeQuant" || !isTrained(weight!)) continue;
    const distance = g.op("Sub", [weight!, outputs[0]!]);
    const within = { ...attributes, learnable: 0, learnableZeroPoint: 0 };
    distances.set(
      weight!,
      g.op("FakeQuantGradient", [distance, weight!, scale!, zeroPoint!], within, { domain: "subbyte" }),
    );
  }
  const factor = g.op("Mul", [g.input(DAMPING, "float32", []), g.scalar(2)]);
  return {
    graph: g.build(),
    gradientTerm: (builder, parameter) => {
      const distance = distances.get(parameter);
      return distance === undefined ? undefined : builder.op("Mul", [distance, factor]);
    },
  };
}
