/**
 * @file The interface between operators and kernels: how an operator becomes kernel calls, and the memory that it
 * takes.
 */

import type { Operator, TensorId } from "../../program/program.js";
import type { Placement } from "../placement.js";
import type { Emitter } from "./emitter.js";

/** How a tensor lies in memory. */
export type PlacementOf = (id: TensorId) => Placement;

export interface Emission<T extends Operator> {
  /** Writes the task records of the kernel calls of operator `index` and appends them to the run. */
  emit(emitter: Emitter, index: number, op: T): void;
  /** Most bytes of weights and tables that `emit` reserves, beside task records and the offsets of pixels. */
  constantBytes(op: T, placementOf: PlacementOf): number;
}

export const noConstants = (): number => 0;
