/**
 * @file Convolution with requantization, and with a fused residual addition (rules 3 to 6).
 *
 *   acc = b[o] + Σ w[o, c, i, j] · (x[c, …] − z_x)
 *   v   = fround(fround(acc) · m[o])                                          without residual
 *   v   = fround(fround(fround(acc) · m[o]) + fround(fround(r − z_r) · m_r))  with residual
 *   y   = clamp(rne(v) + z_y, lo, hi)
 */

import type { OutputRange, QuantizedWeights, TensorId } from "../program/program.js";
import { packedWeightBytes, paddedSize, prepareSums } from "./accumulate.js";
import { channelMultipliers, rescaleMultiplier, toCode } from "./arithmetic.js";
import { type CheckContext, elementCount, type Memory, type OperatorDefinition } from "./definition.js";
import { axesOf, checkWindowAttributes, extent, windowCount } from "./windows.js";

/**
 * The second operand of an addition that is fused into a convolution, before rounding (rule 6). It has the shape of the
 * convolution's output, is produced before it, and has a bit width, scale and zero point of its own.
 */
export interface Residual {
  readonly tensor: TensorId;
}

export interface ConvOperator extends OutputRange {
  readonly op: "conv";
  readonly name: string;
  readonly input: TensorId;
  readonly output: TensorId;
  readonly weights: QuantizedWeights;
  /** int32 at scale s_x·s_w[c], length O, without the zero-point term (rule 3). */
  readonly bias: Int32Array;
  readonly strides: readonly [number, number];
  /** Padding at the top, left, bottom and right, in elements. */
  readonly pads: readonly [number, number, number, number];
  readonly dilations: readonly [number, number];
  readonly groups: number;
  readonly residual?: Residual;
}

export const conv: OperatorDefinition<ConvOperator> = {
  fields: {
    input: { kind: "tensor" },
    output: { kind: "tensor" },
    weights: { kind: "weights" },
    bias: { kind: "bias" },
    strides: { kind: "integers", length: 2 },
    pads: { kind: "integers", length: 4 },
    dilations: { kind: "integers", length: 2 },
    groups: { kind: "integer" },
    residual: { kind: "residual", optional: true },
    lo: { kind: "integer" },
    hi: { kind: "integer" },
  },

  inputs: ({ input, residual }) => (residual === undefined ? [input] : [input, residual.tensor]),

  check(op, context) {
    const [channels] = context.featureMap("input", op.input);
    const [outputs, ...outputSize] = context.featureMap("output", op.output);
    const output = context.tensor(op.output);
    checkWindowAttributes(context, op);
    if (op.weights.shape.length !== 4) context.fail("weights.shape", "must be [O, I / groups, kh, kw]");
    const kernel = op.weights.shape.slice(2);
    context.integers("weights.shape", kernel, 2, 1, 2 ** 16);
    context.integer("groups", op.groups, 1, channels);
    if (channels % op.groups !== 0 || outputs % op.groups !== 0)
      context.fail("groups", `must divide ${channels} input and ${outputs} output channels, is ${op.groups}`);
    const weightShape = [outputs, channels / op.groups, ...kernel];
    context.weights(op.weights, op.bias, weightShape, op.input, output.scale);
    for (const [i, axis] of axesOf(context.tensor(op.input).shape, kernel, op).entries()) {
      const windows = windowCount(axis);
      if (windows < 1)
        context.fail(
          "weights.shape",
          `a window of ${extent(axis)} is larger than the padded input along axis ${i + 1}`,
        );
      if (outputSize[i] !== windows)
        context.fail("output", `must have ${windows} elements along axis ${i + 1}, has ${outputSize[i]}`);
    }
    context.range(op, output);
    if (op.residual !== undefined) checkResidual(op, op.residual.tensor, context);
  },

  workingMemory(op, { tensors }) {
    const pixels = elementCount(tensors[op.output]!.shape.slice(1));
    return {
      keptBytes: packedWeightBytes(op) + 4 * pixels,
      scratchBytes: 8 * paddedSize(tensors[op.input]!.shape, op) + 4 * 4 * pixels,
    };
  },

  multiplyAdds(op, { tensors }) {
    const [, height, width] = tensors[op.output]!.shape;
    return elementCount(op.weights.shape) * height! * width!;
  },

  prepare(op, memory) {
    const { tensors } = memory.program;
    const input = tensors[op.input]!;
    const output = tensors[op.output]!;
    const pixels = output.shape[1]! * output.shape[2]!;
    const multipliers = channelMultipliers(input.scale, op.weights.scales, output.scale);
    const sum = prepareSums(op, input, output, memory.codes(op.input), memory.scratch);
    const y = memory.codes(op.output);
    const { lo, hi } = op;
    const z = output.zeroPoint;
    const addend = op.residual === undefined ? undefined : prepareResidual(op.residual.tensor, output.scale, memory);

    return () =>
      sum((first, count, sums) => {
        for (let i = 0; i < count; i++) {
          const m = multipliers[first + i]!;
          const from = i * pixels;
          const to = (first + i) * pixels;
          if (addend === undefined) requantize(sums, from, y, to, pixels, m, z, lo, hi);
          else requantizeWithResidual(sums, from, y, to, pixels, m, z, lo, hi, addend);
        }
      });
  },
};

function checkResidual(op: ConvOperator, tensor: number, context: CheckContext): void {
  const output = context.tensor(op.output);
  context.shape("residual.tensor", tensor, output.shape);
  context.multiplier("residual.tensor", rescaleMultiplier(context.tensor(tensor).scale, output.scale));
}

interface Addend {
  readonly codes: Uint8Array;
  /** fround(fround(q − z_r) · m_r) for each code q. */
  readonly values: Float32Array;
}

function prepareResidual(tensor: number, outputScale: number, memory: Memory): Addend {
  const { bits, scale, zeroPoint } = memory.program.tensors[tensor]!;
  const m = rescaleMultiplier(scale, outputScale);
  return {
    codes: memory.codes(tensor),
    values: Float32Array.from({ length: 2 ** bits }, (_, q) => Math.fround((q - zeroPoint) * m)),
  };
}

function requantize(
  sums: Int32Array,
  from: number,
  y: Uint8Array,
  to: number,
  count: number,
  m: number,
  z: number,
  lo: number,
  hi: number,
): void {
  for (let p = 0; p < count; p++) y[to + p] = toCode(Math.fround(Math.fround(sums[from + p]!) * m), z, lo, hi);
}

function requantizeWithResidual(
  sums: Int32Array,
  from: number,
  y: Uint8Array,
  to: number,
  count: number,
  m: number,
  z: number,
  lo: number,
  hi: number,
  { codes, values }: Addend,
): void {
  for (let p = 0; p < count; p++) {
    const product = Math.fround(Math.fround(sums[from + p]!) * m);
    y[to + p] = toCode(Math.fround(product + values[codes[to + p]!]!), z, lo, hi);
  }
}
