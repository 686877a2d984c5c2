/** @file The emission of every operator; a missing one does not compile. */

import type { Operator, OperatorNamed, OperatorType } from "../../program/program.js";
import type { Tier } from "../../wasm/modules.js";
import { dequantize } from "./edges.js";
import type { Emission, PlacementOf } from "./emission.js";
import type { Emitter } from "./emitter.js";
import { filter } from "./filter.js";
import { add, rescale, table } from "./map.js";
import { concat, pad, reshape, slice, transpose } from "./move.js";
import { multiply } from "./multiply.js";
import { averagePool, maxPool } from "./pool.js";

const emissions: { readonly [K in OperatorType]: Emission<OperatorNamed<K>> } = {
  conv: filter,
  linear: filter,
  rescale,
  table,
  add,
  multiply,
  maxPool,
  averagePool,
  concat,
  slice,
  pad,
  reshape,
  transpose,
  dequantize,
};

const emissionOf = <T extends Operator>(op: T): Emission<T> => emissions[op.op] as unknown as Emission<T>;

export function emitOperator(emitter: Emitter, index: number, op: Operator): void {
  emissionOf(op).emit(emitter, index, op);
}

/** Most bytes of weights and tables that an operator takes, not counting task records and the offsets of pixels. */
export const constantBytes = (op: Operator, placementOf: PlacementOf, tier: Tier): number =>
  emissionOf(op).constantBytes(op, placementOf, tier);
