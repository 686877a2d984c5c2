/**
 * @file The interface between operators and kernels: turns an operator into kernel calls, and computes the memory that it
 * takes.
 */

import type { Operator, TensorId } from "../../program/program.js";
import type { Tier } from "../../wasm/modules.js";
import type { Placement } from "../placement.js";
import type { Emitter } from "./emitter.js";

/** The layout of a tensor in memory. */
export type PlacementOf = (id: TensorId) => Placement;

export interface Emission<T extends Operator> {
  /** Writes the task records of the kernel calls of operator `index` and appends them to the run. */
  emit(emitter: Emitter, index: number, op: T): void;
  /** Most bytes of weights and tables that `emit` reserves, not counting task records and the offsets of pixels. */
  constantBytes(op: T, placementOf: PlacementOf, tier: Tier): number;
}

export const noConstants = (): number => 0;
