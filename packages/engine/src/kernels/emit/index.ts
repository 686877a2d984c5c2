/** @file An emitter for every operator; a missing one does not compile. */

import type { Operator, OperatorType } from "../../program/program.js";
import { emitDequantize } from "./edges.js";
import type { Emitter } from "./emitter.js";
import { emitFilter } from "./filter.js";
import { emitAdd, emitRescale, emitTable } from "./map.js";
import { emitConcat, emitPad, emitReshape, emitSlice, emitTranspose } from "./move.js";
import { emitAveragePool, emitMaxPool } from "./pool.js";

type Emit<T extends Operator> = (emitter: Emitter, index: number, op: T) => void;

const emitters: { readonly [K in OperatorType]: Emit<Extract<Operator, { op: K }>> } = {
  conv: emitFilter,
  linear: emitFilter,
  rescale: emitRescale,
  table: emitTable,
  add: emitAdd,
  maxPool: emitMaxPool,
  averagePool: emitAveragePool,
  concat: emitConcat,
  slice: emitSlice,
  pad: emitPad,
  reshape: emitReshape,
  transpose: emitTranspose,
  dequantize: emitDequantize,
};

export function emitOperator<T extends Operator>(emitter: Emitter, index: number, op: T): void {
  (emitters[op.op] as unknown as Emit<T>)(emitter, index, op);
}
