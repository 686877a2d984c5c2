/**
 * @file Input and output: image bytes become codes by the input tables (rule 8), and a stored vector becomes float32
 * (rule 10).
 */

import type { DequantizeOperator } from "../../operators/dequantize.js";
import { uncut } from "../splitting/axis.js";
import { inputAxes } from "../splitting/map-axes.js";
import type { Emission } from "./emission.js";
import type { Emitter } from "./emitter.js";
import { elementOffset } from "./move.js";

/** Returns the address of the input tables, 256 codes for each channel. */
export function emitInput(emitter: Emitter): number {
  const { program, constants, plan } = emitter;
  const { elementBytes, rowPitch, pixelPitch, height, width, channels } = emitter.placement(program.input);
  const tables = constants.reserve(256 * channels);
  emitter.emitBorder(-1, program.input);
  const task = constants.task("InputTask", {
    bytes: plan.image,
    tables,
    output: emitter.address(program.input),
    outputBytes: elementBytes,
    outputPixelPitch: pixelPitch,
    outputRowPitch: rowPitch,
    height,
    width,
    channels,
  });
  emitter.emit(-1, "input", task, inputAxes);
  return tables;
}

export const dequantize: Emission<DequantizeOperator> = {
  emit(emitter, index, op) {
    const { program, constants } = emitter;
    const { zeroPoint, scale, shape } = program.tensors[op.input]!;
    const placement = emitter.placement(op.input);
    const task = constants.task("DequantizeTask", {
      input: emitter.address(op.input),
      offsets: constants.integers(Array.from({ length: shape[0]! }, (_, i) => elementOffset(placement, i))),
      inputBytes: placement.elementBytes,
      zeroPoint,
      scale,
      output: emitter.logits,
      count: shape[0]!,
    });
    emitter.emit(index, "dequantize", task, uncut);
  },
  constantBytes: ({ input }, placementOf) => 4 * placementOf(input).channels,
};
