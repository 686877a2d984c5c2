/** @file Maximum over windows, on codes; padded elements do not take part (rule 9). */

import type { TensorId } from "../program/program.js";
import { elementCount, noWorkingMemory, type OperatorDefinition } from "./definition.js";
import { axesOf, checkPoolWindows, checkWindowAttributes, tapsInside } from "./windows.js";

/**
 * Maximum over windows; padded elements do not take part (rule 9). Output sizes follow ONNX, rounded down or up
 * (`ceil_mode`), as the output's shape says. Input and output share bit width, scale and zero point.
 */
export interface MaxPoolOperator {
  readonly op: "maxPool";
  readonly name: string;
  readonly input: TensorId;
  readonly output: TensorId;
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly pads: readonly [number, number, number, number];
  readonly dilations: readonly [number, number];
}

export const maxPool: OperatorDefinition<MaxPoolOperator> = {
  fields: {
    input: { kind: "tensor" },
    output: { kind: "tensor" },
    kernel: { kind: "integers", length: 2 },
    strides: { kind: "integers", length: 2 },
    pads: { kind: "integers", length: 4 },
    dilations: { kind: "integers", length: 2 },
  },

  inputs: ({ input }) => [input],

  check(op, context) {
    const input = context.featureMap("input", op.input);
    const [channels, ...windows] = context.featureMap("output", op.output);
    if (channels !== input[0]) context.fail("output", `must have ${input[0]} channels, has ${channels}`);
    context.sameQuantization("output", op.input, op.output);
    context.integers("kernel", op.kernel, 2, 1, 2 ** 16);
    checkWindowAttributes(context, op);
    checkPoolWindows(context, axesOf(input, op.kernel, op), windows);
  },

  workingMemory: noWorkingMemory,
  visitedElements: ({ output, kernel }, { tensors }) => elementCount(tensors[output]!.shape) * kernel[0] * kernel[1],

  prepare(op, memory) {
    const { shape } = memory.program.tensors[op.input]!;
    const [channels, height, width] = shape as [number, number, number];
    const [, outHeight, outWidth] = memory.program.tensors[op.output]!.shape as [number, number, number];
    const [vertical, horizontal] = axesOf(shape, op.kernel, op);
    const rows = Array.from({ length: outHeight }, (_, i) => tapsInside(vertical, i));
    const columns = Array.from({ length: outWidth }, (_, i) => tapsInside(horizontal, i));
    const x = memory.codes(op.input);
    const y = memory.codes(op.output);
    return () => {
      let to = 0;
      for (let c = 0; c < channels; c++)
        for (let i = 0; i < outHeight; i++)
          for (let j = 0; j < outWidth; j++) {
            const [firstRow, endRow] = rows[i]!;
            const [firstColumn, endColumn] = columns[j]!;
            let largest = 0;
            for (let r = firstRow; r < endRow; r++) {
              const row = c * height + i * vertical.stride - vertical.before + r * vertical.dilation;
              const start = row * width + j * horizontal.stride - horizontal.before;
              for (let s = firstColumn; s < endColumn; s++)
                largest = Math.max(largest, x[start + s * horizontal.dilation]!);
            }
            y[to++] = largest;
          }
    };
  },
};
