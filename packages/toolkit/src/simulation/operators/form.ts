/** @file The ONNX form of an engine operator: on real values, and on codes. */

import type { Operator } from "@subbyte/engine";
import type { Lifting } from "../lifting.js";
import type { Simulation } from "../simulation.js";

export interface OnnxForm<T extends Operator> {
  /** Adds nodes on real values, with a FakeQuant where codes are stored. */
  lift(lifting: Lifting, operator: T): void;
  /** Adds nodes that compute the same codes as the engine. */
  simulate(simulation: Simulation, operator: T): void;
}
