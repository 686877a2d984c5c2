/**
 * @file Converts the engine's program back to a graph with FakeQuant nodes, for export, simulation and further training of a
 * `.sbq` file. Lowering the result gives the same program again.
 */

import type { Program } from "@subbyte/engine";
import type { Graph } from "@subbyte/graph";
import { Lifting } from "./lifting.js";
import { formOf } from "./operators/index.js";

/** A graph with normalized float32 input `[N, C, H, W]` that returns logits. */
export function lift(program: Program): Graph {
  const lifting = new Lifting(program);
  for (const operator of program.operators) formOf(operator).lift(lifting, lifting.named(operator));
  return lifting.build();
}
