/** @file Pooling (rule 9). */

import type { AveragePoolOperator } from "../../operators/average-pool.js";
import { averagePositions } from "../../operators/average-pool.js";
import type { MaxPoolOperator } from "../../operators/max-pool.js";
import type { TensorId } from "../../program/program.js";
import { mapShape, roundUp } from "../placement.js";
import { poolAxes } from "../splitting/map-axes.js";
import { type Emission, noConstants } from "./emission.js";
import type { Emitter } from "./emitter.js";

export const maxPool: Emission<MaxPoolOperator> = {
  emit(emitter, index, op) {
    emitter.emitBorder(index, op.output);
    const task = emitter.constants.task("PoolTask", {
      ...geometry(emitter, op.input, op.output, op.kernel, op.strides, op.pads, op.dilations),
      inputZeroPoint: 0,
      zeroPoint: 0,
      lo: 0,
      hi: 0,
      multipliers: 0,
    });
    emitter.emit(index, "maxPool", task, poolAxes);
  },
  constantBytes: noConstants,
};

export const averagePool: Emission<AveragePoolOperator> = {
  emit(emitter, index, op) {
    const { tensors } = emitter.program;
    emitter.emitBorder(index, op.output);
    const { multipliers } = averagePositions(op, tensors[op.input]!, tensors[op.output]!);
    const task = emitter.constants.task("PoolTask", {
      ...geometry(emitter, op.input, op.output, op.kernel, op.strides, op.pads, [1, 1]),
      inputZeroPoint: tensors[op.input]!.zeroPoint,
      zeroPoint: tensors[op.output]!.zeroPoint,
      lo: op.lo,
      hi: op.hi,
      multipliers: emitter.constants.floats(multipliers),
    });
    emitter.emit(index, "averagePool", task, poolAxes);
  },
  constantBytes: ({ output }, placementOf) => 4 * placementOf(output).height * placementOf(output).width,
};

function geometry(
  emitter: Emitter,
  inputId: TensorId,
  outputId: TensorId,
  kernel: readonly [number, number],
  strides: readonly [number, number],
  pads: readonly [number, number, number, number],
  dilations: readonly [number, number],
) {
  const input = emitter.placement(inputId);
  const output = emitter.placement(outputId);
  const [channels, outputHeight, outputWidth] = mapShape(emitter.program.tensors[outputId]!.shape);
  return {
    input: emitter.address(inputId),
    inputBytes: input.elementBytes,
    outputBytes: output.elementBytes,
    height: input.height,
    width: input.width,
    rowPitch: input.rowPitch,
    pixelPitch: input.pixelPitch,
    output: emitter.address(outputId),
    outputHeight,
    outputWidth,
    outputRowPitch: output.rowPitch,
    outputPixelPitch: output.pixelPitch,
    kernelHeight: kernel[0],
    kernelWidth: kernel[1],
    strideHeight: strides[0],
    strideWidth: strides[1],
    padTop: pads[0],
    padLeft: pads[1],
    dilationHeight: dilations[0],
    dilationWidth: dilations[1],
    blocks: roundUp(channels, 8) / 8,
  };
}
