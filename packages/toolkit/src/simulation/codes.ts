/**
 * @file The exact simulation: the engine's program as ordinary ONNX operators on integer-valued float32.
 *
 * Sums of integer products are exact in float32 as long as every partial sum stays below 2^24 (larger ones are computed in two
 * parts). Mul, Add, Round and Clip then repeat the engine's requantization step by step, so the codes are equal bit for bit
 * (docs/arithmetic.md). ONNX Runtime must run the graph unchanged (`optimization: "disabled"`): from `basic` on it folds the
 * multipliers into the weights.
 */

import type { Program } from "@subbyte/engine";
import type { Graph } from "@subbyte/graph";
import { formOf } from "./operators/index.js";
import { Simulation } from "./simulation.js";

/** A program as an ONNX graph that computes the same codes. */
export interface CodeSimulation {
  /** Takes an input `"pixels"`, `[N, C, H, W]` bytes as int64; returns `[N, classes]` float32 logits. */
  readonly graph: Graph;
  /**
   * Layers whose sums may reach about 2^28, or whose bias codes may reach 2^24; equality with the engine is not proved for
   * them.
   */
  readonly unproved: readonly string[];
}

/** Expresses an integer program in ONNX operators, on codes instead of real values. */
export function simulateCodes(program: Program): CodeSimulation {
  const simulation = new Simulation(program);
  for (const operator of program.operators) formOf(operator).simulate(simulation, operator);
  return { graph: simulation.build(), unproved: simulation.unproved };
}
