/** @file The epilogue of a convolution: multipliers, bounds, bias, residual, and the fused second output (rules 5, 6, 7). */

import { channelHighs, rescaleMultiplier } from "../../operators/arithmetic.js";
import type { QuantizedTensor, TensorId } from "../../program/program.js";
import type { FilterOperator, Layer } from "../choose.js";
import { type Tiling, tileOffsets } from "../offsets.js";
import { roundUp } from "../placement.js";
import type { Emitter } from "./emitter.js";

/** How sums come out of the kernel: as the convolution, or by Winograd as four times it with a bias for each phase. */
export interface SumForm {
  /** Absent where sums come pixel by pixel. */
  readonly tiling?: Tiling;
  readonly phases: number;
  /** int32 bias of a channel at a phase, at the scale of the sums. */
  bias(channel: number, phase: number): number;
  /** Factor on the multipliers, a power of two. */
  readonly factor: number;
}

/** @param added  what the kernel's sums have too much in each channel */
export const plainSums = ({ bias }: Layer, added?: Int32Array): SumForm => ({
  phases: 1,
  bias: (channel) => bias[channel]! - (added?.[channel] ?? 0),
  factor: 1,
});

/** Upper clamp bounds less the zero point, as kernels compare them; padding channels have `hi` itself. */
export function paddedHighs(hi: number, tensor: QuantizedTensor): Float32Array {
  const highs = new Float32Array(roundUp(tensor.shape[0]!, 8)).fill(hi);
  highs.set(channelHighs(hi, tensor));
  return highs.map((high) => high - tensor.zeroPoint);
}

/**
 * For each eight channels float32[8] multipliers, float32[8] of each of `bounds`, and int32[8] bias for each phase; multipliers and
 * bias behind the last channel are zeros.
 * @param bounds  upper clamp bounds, padded to whole blocks
 */
export function emitParameters(
  emitter: Emitter,
  layer: Layer,
  form: SumForm,
  bounds: readonly Float32Array[] = [],
): { address: number; pitch: number } {
  const { outputs } = layer.filter;
  const blocks = roundUp(outputs, 8) / 8;
  const vectors = 1 + bounds.length + form.phases;
  const words = new Int32Array(8 * vectors * blocks);
  const floats = new Float32Array(words.buffer);
  for (let block = 0; block < blocks; block++)
    for (const [i, highs] of bounds.entries())
      floats.set(highs.subarray(8 * block, 8 * (block + 1)), 8 * (vectors * block + 1 + i));
  for (let channel = 0; channel < outputs; channel++) {
    const at = 8 * vectors * (channel >> 3) + (channel & 7);
    floats[at] = layer.multipliers[channel]! * form.factor;
    for (let phase = 0; phase < form.phases; phase++)
      words[at + 8 * (1 + bounds.length + phase)] = form.bias(channel, phase);
  }
  return { address: emitter.constants.integers(words), pitch: 32 * vectors };
}

/** Task record of the epilogue of operator `index`; the fused copy stands in the plan. */
export function emitOutput(emitter: Emitter, index: number, op: FilterOperator, layer: Layer, form: SumForm): number {
  const { program, plan } = emitter;
  const output = program.tensors[op.output!]!;
  const residual = op.op === "conv" ? op.residual?.tensor : undefined;
  const copy = plan.fused.get(index);
  const highs = paddedHighs(op.hi!, output);
  const copyHighs =
    copy === undefined ? new Float32Array(highs.length) : paddedHighs(copy.hi, program.tensors[copy.output]!);
  const { address, pitch } = emitParameters(emitter, layer, form, [highs, copyHighs]);
  const isStored = plan.buffers[op.output!] !== undefined;
  const bytes = (id: TensorId | undefined, present = id !== undefined) =>
    present ? emitter.placement(id!).elementBytes : 0;
  const offsets = (id: TensorId) =>
    form.tiling === undefined ? emitter.pixels(id) : tileOffsets(emitter.constants, emitter.placement(id), form.tiling);
  if (isStored) emitter.emitBorder(index, op.output!);
  if (copy !== undefined) emitter.emitBorder(index, copy.output);
  return emitter.constants.task("OutputTask", {
    variant: 9 * bytes(residual) + 3 * bytes(op.output, isStored) + bytes(copy?.output),
    output: isStored ? emitter.address(op.output!) : 0,
    outputPixels: isStored ? offsets(op.output!) : 0,
    zeroPoint: output.zeroPoint,
    lo: op.lo!,
    residual: residual === undefined ? 0 : emitter.address(residual),
    residualPixels: residual === undefined ? 0 : offsets(residual),
    residualZeroPoint: residual === undefined ? 0 : program.tensors[residual]!.zeroPoint,
    residualMultiplier: residual === undefined ? 0 : rescaleMultiplier(program.tensors[residual]!.scale, output.scale),
    copy: copy === undefined ? 0 : emitter.address(copy.output),
    copyPixels: copy === undefined ? 0 : offsets(copy.output),
    copyZeroPoint: copy === undefined ? 0 : program.tensors[copy.output]!.zeroPoint,
    copyLo: copy?.lo ?? 0,
    copyMultiplier: copy === undefined ? 0 : rescaleMultiplier(output.scale, program.tensors[copy.output]!.scale),
    parameters: address,
    parameterPitch: pitch,
    blocks: roundUp(layer.filter.outputs, 8) / 8,
  });
}
