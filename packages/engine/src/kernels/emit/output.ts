/** @file The epilogue of a convolution: multipliers, bias, residual, and the fused second output (rules 5, 6, 7). */

import { rescaleMultiplier } from "../../operators/arithmetic.js";
import type { TensorId } from "../../program/program.js";
import type { FilterOperator, Layer } from "../choose.js";
import { type Tiling, tileOffsets } from "../offsets.js";
import { roundUp } from "../placement.js";
import type { Emitter } from "./emitter.js";

/**
 * The form of a kernel's sums: those of the convolution or, with Winograd, four times those, with one bias per
 * phase.
 */
export interface SumForm {
  /** How the map is cut into tiles; absent if sums come pixel by pixel. */
  readonly tiling?: Tiling;
  /** int32[phases][outputs], at the scale of the sums. */
  readonly biases: Int32Array;
  /** Factor on the multipliers, a power of two. */
  readonly factor: number;
}

/** @param added  the excess in the kernel's sums per channel, which the bias subtracts */
export const plainSums = ({ bias }: Layer, added?: Int32Array): SumForm => ({
  biases: added === undefined ? bias : bias.map((each, channel) => each - added[channel]!),
  factor: 1,
});

/** Multipliers and bias: for each eight channels float32[8], then int32[8] per phase; zeros after the last channel. */
export function emitParameters(emitter: Emitter, layer: Layer, form: SumForm): { address: number; pitch: number } {
  const { factor, biases } = form;
  const phases = biases.length / layer.filter.outputs;
  return { address: emitter.packer.parameters(layer.multipliers, factor, biases), pitch: 32 * (1 + phases) };
}

/** Writes the task record of the epilogue of operator `index`; the plan says which copy is fused. */
export function emitOutput(emitter: Emitter, index: number, op: FilterOperator, layer: Layer, form: SumForm): number {
  const { program, plan } = emitter;
  const { address, pitch } = emitParameters(emitter, layer, form);
  const output = program.tensors[op.output!]!;
  const residual = op.op === "conv" ? op.residual?.tensor : undefined;
  const copy = plan.fused.get(index);
  const isStored = plan.buffers[op.output!] !== undefined;
  const bytes = (id: TensorId | undefined, present = id !== undefined) =>
    present ? emitter.placement(id!).elementBytes : 0;
  const offsets = (id: TensorId) =>
    form.tiling === undefined ? emitter.pixels(id) : tileOffsets(emitter.constants, emitter.placement(id), form.tiling);
  if (isStored) emitter.emitBorder(index, op.output!);
  if (copy !== undefined) emitter.emitBorder(index, copy.output);
  return emitter.constants.task("OutputTask", {
    variant: 9 * bytes(residual) + 3 * bytes(op.output, isStored) + bytes(copy?.output),
    isBounded: layer.isBounded ? 1 : 0,
    output: isStored ? emitter.address(op.output!) : 0,
    outputPixels: isStored ? offsets(op.output!) : 0,
    zeroPoint: output.zeroPoint,
    lo: op.lo!,
    hi: op.hi!,
    residual: residual === undefined ? 0 : emitter.address(residual),
    residualPixels: residual === undefined ? 0 : offsets(residual),
    residualZeroPoint: residual === undefined ? 0 : program.tensors[residual]!.zeroPoint,
    residualMultiplier: residual === undefined ? 0 : rescaleMultiplier(program.tensors[residual]!.scale, output.scale),
    copy: copy === undefined ? 0 : emitter.address(copy.output),
    copyPixels: copy === undefined ? 0 : offsets(copy.output),
    copyZeroPoint: copy === undefined ? 0 : program.tensors[copy.output]!.zeroPoint,
    copyLo: copy?.lo ?? 0,
    copyHi: copy?.hi ?? 0,
    copyMultiplier: copy === undefined ? 0 : rescaleMultiplier(output.scale, program.tensors[copy.output]!.scale),
    parameters: address,
    parameterPitch: pitch,
    blocks: roundUp(layer.filter.outputs, 8) / 8,
  });
}
