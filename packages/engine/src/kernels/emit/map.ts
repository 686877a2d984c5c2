/** @file Elementwise operators over pixels: addition, rescaling, tables (rules 6, 7). */

import type { AddOperator } from "../../operators/add.js";
import { rescaleMultiplier } from "../../operators/arithmetic.js";
import type { RescaleOperator } from "../../operators/rescale.js";
import type { TableOperator } from "../../operators/table.js";
import type { TensorId } from "../../program/program.js";
import type { TaskFields } from "../constants.js";
import { roundUp } from "../placement.js";
import { mapAxes } from "../splitting/map-axes.js";
import { type Emission, noConstants } from "./emission.js";
import type { Emitter } from "./emitter.js";

/** Entries of a table in memory: one for each byte. */
const tableEntries = 256;

export const add: Emission<AddOperator> = {
  emit(emitter, index, op) {
    const { tensors } = emitter.program;
    const [first, second] = op.inputs;
    const scale = tensors[op.output]!.scale;
    emitter.emitBorder(index, op.output);
    const task = emitter.constants.task("MapTask", {
      ...mapFields(emitter, first, op.output),
      firstMultiplier: rescaleMultiplier(tensors[first]!.scale, scale),
      second: emitter.address(second),
      secondPixels: emitter.pixels(second),
      secondBytes: emitter.placement(second).elementBytes,
      secondZeroPoint: tensors[second]!.zeroPoint,
      secondMultiplier: rescaleMultiplier(tensors[second]!.scale, scale),
      lo: op.lo,
      hi: op.hi,
    });
    emitter.emit(index, "add", task, mapAxes);
  },
  constantBytes: noConstants,
};

export const rescale: Emission<RescaleOperator> = {
  emit(emitter, index, op) {
    const { tensors } = emitter.program;
    emitter.emitBorder(index, op.output);
    const task = emitter.constants.task("MapTask", {
      ...mapFields(emitter, op.input, op.output),
      firstMultiplier: rescaleMultiplier(tensors[op.input]!.scale, tensors[op.output]!.scale),
      lo: op.lo,
      hi: op.hi,
    });
    emitter.emit(index, "add", task, mapAxes);
  },
  constantBytes: noConstants,
};

export const table: Emission<TableOperator> = {
  emit(emitter, index, op) {
    const entries = 2 ** emitter.program.tensors[op.input]!.bits;
    const count = op.table.length / entries;
    // Padding channels have tables too: those of zeros.
    const tables = new Uint8Array(tableEntries * (count === 1 ? 1 : roundUp(count, 8)));
    for (let c = 0; c < count; c++) tables.set(op.table.subarray(c * entries, (c + 1) * entries), tableEntries * c);
    emitter.emitBorder(index, op.output);
    const task = emitter.constants.task("MapTask", {
      ...mapFields(emitter, op.input, op.output),
      table: emitter.constants.bytes(tables),
      tablePitch: count === 1 ? 0 : tableEntries,
    });
    emitter.emit(index, "table", task, mapAxes);
  },
  /** An upper bound: one table per channel. */
  constantBytes: ({ input }, placementOf) => tableEntries * roundUp(placementOf(input).channels, 8),
};

/** Task fields for one operand: whole pixels with all channels and their padding. */
export function mapFields(emitter: Emitter, input: TensorId, output: TensorId): TaskFields<"MapTask"> {
  const from = emitter.placement(input);
  const to = emitter.placement(output);
  return {
    first: emitter.address(input),
    firstPixels: emitter.pixels(input),
    firstBytes: from.elementBytes,
    firstZeroPoint: emitter.program.tensors[input]!.zeroPoint,
    firstMultiplier: 0,
    second: 0,
    secondPixels: 0,
    secondBytes: 0,
    secondZeroPoint: 0,
    secondMultiplier: 0,
    output: emitter.address(output),
    outputPixels: emitter.pixels(output),
    outputBytes: to.elementBytes,
    zeroPoint: emitter.program.tensors[output]!.zeroPoint,
    lo: 0,
    hi: 0,
    pixels: to.height * to.width,
    channels: roundUp(to.channels, 8),
    table: 0,
    tablePitch: 0,
  };
}
