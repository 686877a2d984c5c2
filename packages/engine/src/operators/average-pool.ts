/**
 * @file Average over windows (rule 9): acc = Σq − n·z_x over the n elements inside the image, then rule 5 with m =
 * fround(fround(s_x / s_y) / N), where N is the divisor that ONNX defines for that position.
 */

import type { OutputRange, QuantizedTensor, TensorId } from "../program/program.js";
import { averageMultiplier, toCode } from "./arithmetic.js";
import { elementCount, type OperatorDefinition } from "./definition.js";
import { type Axis, axesOf, checkPoolWindows, checkWindowAttributes, tapsInside } from "./windows.js";

/**
 * Average over windows (rule 9); output sizes as for MaxPool. A global average pool has the whole map as its kernel and may
 * drop H and W from its output.
 */
export interface AveragePoolOperator extends OutputRange {
  readonly op: "averagePool";
  readonly name: string;
  readonly input: TensorId;
  readonly output: TensorId;
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly pads: readonly [number, number, number, number];
  /** Whether the divisor also counts positions of `pads`. It never counts positions beyond them, which rounding up adds. */
  readonly countIncludePad: boolean;
}

export const averagePool: OperatorDefinition<AveragePoolOperator> = {
  fields: {
    input: { kind: "tensor" },
    output: { kind: "tensor" },
    kernel: { kind: "integers", length: 2 },
    strides: { kind: "integers", length: 2 },
    pads: { kind: "integers", length: 4 },
    countIncludePad: { kind: "boolean" },
    lo: { kind: "integer" },
    hi: { kind: "integer" },
  },

  inputs: ({ input }) => [input],

  check(op, context) {
    const input = context.featureMap("input", op.input);
    const { shape, scale } = context.tensor(op.output);
    const [channels, height, width] = shape.length === 1 ? [shape[0]!, 1, 1] : context.featureMap("output", op.output);
    if (channels !== input[0]) context.fail("output", `must have ${input[0]} channels, has ${channels}`);
    context.integers("kernel", op.kernel, 2, 1, 2 ** 16);
    // Σq of up to 2^22 codes, and z times their number, stay far below 2^31; N is an exact float32.
    context.integer("kernel", op.kernel[0] * op.kernel[1], 1, 2 ** 22);
    checkWindowAttributes(context, op);
    checkPoolWindows(context, axesOf(input, op.kernel, op), [height, width]);
    context.range(op, context.tensor(op.output));
    context.multiplier("output", averageMultiplier(context.tensor(op.input).scale, scale, 1));
    const smallest = averageMultiplier(context.tensor(op.input).scale, scale, op.kernel[0] * op.kernel[1]);
    context.multiplier("output", smallest);
  },

  /** A multiplier and a count per position. */
  workingMemory: (op, { tensors }) => ({ keptBytes: 8 * elementCount(tensors[op.output]!.shape), scratchBytes: 0 }),
  visitedElements: ({ output, kernel }, { tensors }) => elementCount(tensors[output]!.shape) * kernel[0] * kernel[1],

  prepare(op, memory) {
    const input = memory.program.tensors[op.input]!;
    const output = memory.program.tensors[op.output]!;
    const [channels, height, width] = input.shape as [number, number, number];
    const { rows, columns, multipliers, counts } = averagePositions(op, input, output);
    const [vertical, horizontal] = axesOf(input.shape, op.kernel, op);
    const [outHeight, outWidth] = [rows.length, columns.length];
    const x = memory.codes(op.input);
    const y = memory.codes(op.output);

    return () => {
      for (let c = 0; c < channels; c++)
        for (let i = 0; i < outHeight; i++)
          for (let j = 0; j < outWidth; j++) {
            const [firstRow, endRow] = rows[i]!;
            const [firstColumn, endColumn] = columns[j]!;
            const position = i * outWidth + j;
            let acc = -counts[position]! * input.zeroPoint;
            for (let r = firstRow; r < endRow; r++) {
              const row = c * height + i * vertical.stride - vertical.before + r;
              const start = row * width + j * horizontal.stride - horizontal.before;
              for (let s = firstColumn; s < endColumn; s++) acc += x[start + s]!;
            }
            const v = Math.fround(Math.fround(acc) * multipliers[position]!);
            y[c * outHeight * outWidth + position] = toCode(v, output.zeroPoint, op.lo, op.hi);
          }
    };
  },
};

/** Facts about the windows of an average pool, row-major by output position; the same for every channel. */
export interface AveragePositions {
  /** The taps of each row and column of windows that are inside the image, `[first, end)`. */
  readonly rows: readonly (readonly [number, number])[];
  readonly columns: readonly (readonly [number, number])[];
  /** The multiplier of each position, fround(fround(s_x / s_y) / N). */
  readonly multipliers: Float32Array;
  /** Number of elements of each window inside the image. */
  readonly counts: Int32Array;
}

export function averagePositions(
  op: AveragePoolOperator,
  input: QuantizedTensor,
  output: QuantizedTensor,
): AveragePositions {
  const [outHeight, outWidth] = output.shape.length === 1 ? [1, 1] : (output.shape.slice(1) as [number, number]);
  const [vertical, horizontal] = axesOf(input.shape, op.kernel, op);
  const rows = Array.from({ length: outHeight }, (_, i) => tapsInside(vertical, i));
  const columns = Array.from({ length: outWidth }, (_, i) => tapsInside(horizontal, i));
  const multipliers = new Float32Array(outHeight * outWidth);
  const counts = new Int32Array(outHeight * outWidth);
  for (const [i, [firstRow, endRow]] of rows.entries())
    for (const [j, [firstColumn, endColumn]] of columns.entries()) {
      const count = (endRow - firstRow) * (endColumn - firstColumn);
      const divisor = op.countIncludePad ? tapsInPadded(vertical, i) * tapsInPadded(horizontal, j) : count;
      multipliers[i * outWidth + j] = averageMultiplier(input.scale, output.scale, divisor);
      counts[i * outWidth + j] = count;
    }
  return { rows, columns, multipliers, counts };
}

/** The taps of window i in the image or its padding; rounding the output size up adds positions beyond both. */
function tapsInPadded({ size, kernel, stride, before, after }: Axis, i: number): number {
  return Math.min(kernel, size + before + after - i * stride);
}
