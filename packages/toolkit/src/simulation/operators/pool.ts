/** @file Pools. */

import type { OperatorNamed } from "@subbyte/engine";
import { float32 } from "@subbyte/graph";
import { ceilMode, padsToLastWindow } from "../../lowering/attributes.js";
import type { OnnxForm } from "./form.js";
import { sameMove } from "./move.js";

export const maxPool: OnnxForm<OperatorNamed<"maxPool">> = sameMove((_, operator, { program: { tensors } }) => {
  const { kernel, strides, pads, dilations } = operator;
  const ceil_mode = ceilMode(operator, tensors[operator.input]!.shape, tensors[operator.output]!.shape);
  return { op: "MaxPool", constants: [], attributes: { kernel_shape: kernel, strides, pads, dilations, ceil_mode } };
});

export const averagePool: OnnxForm<OperatorNamed<"averagePool">> = {
  lift(lifting, operator) {
    const { b } = lifting;
    const { name, kernel, strides, pads, countIncludePad } = operator;
    const { shape } = lifting.tensor(operator.input);
    const { shape: outShape } = lifting.tensor(operator.output);
    const [, height, width] = shape;
    const isGlobal = kernel[0] === height && kernel[1] === width && pads.every((pad) => pad === 0);
    const window = { kernel_shape: kernel, strides, pads, count_include_pad: countIncludePad ? 1 : 0 };
    const read = [lifting.read(operator.input)];
    let value = isGlobal
      ? b.op("GlobalAveragePool", read, {}, { name })
      : b.op("AveragePool", read, { ...window, ceil_mode: ceilMode(operator, shape, outShape) }, { name });
    if (outShape.length === 1) value = b.op("Flatten", [value], { axis: 1 });
    lifting.store(value, operator.output, operator);
  },

  simulate(simulation, operator) {
    const { b } = simulation;
    const { input, output, kernel, strides, countIncludePad } = operator;
    const [top, left, bottom, right] = operator.pads;
    const from = simulation.tensor(input);
    const image = from.shape as readonly [number, number, number];
    const [channels, height, width] = image;
    const { shape, scale } = simulation.tensor(output);
    const [, outHeight = 1, outWidth = 1] = shape;
    // A sum over each window: a depthwise convolution with ones; zeros of the padding add nothing to q − z.
    const pads = padsToLastWindow(operator, image, shape);
    const ones = b.constant(
      float32(new Float32Array(channels * kernel[0] * kernel[1]).fill(1), [channels, 1, ...kernel]),
    );
    const window = { strides, pads, group: channels, kernel_shape: kernel };
    const sum = b.op("Conv", [simulation.centred(input), ones], window);
    const ratio = Math.fround(from.scale / scale);
    const multipliers = new Float32Array(outHeight * outWidth);
    for (let y = 0; y < outHeight; y++)
      for (let x = 0; x < outWidth; x++) {
        const rows = counted(y * strides[0] - top, kernel[0], height, countIncludePad ? [top, bottom] : [0, 0]);
        const columns = counted(x * strides[1] - left, kernel[1], width, countIncludePad ? [left, right] : [0, 0]);
        multipliers[y * outWidth + x] = ratio / (rows * columns);
      }
    let value = b.op("Mul", [sum, b.constant(float32(multipliers, [1, 1, outHeight, outWidth]))]);
    if (shape.length === 1) value = b.op("Reshape", [value, b.ints([0, ...shape])]);
    simulation.requantize(value, output, operator);
  },
};

/** Number of elements of a window from `start` on that lie in the image or the padding around it. */
function counted(start: number, kernel: number, size: number, [before, after]: readonly [number, number]): number {
  return Math.min(start + kernel, size + after) - Math.max(start, -before);
}
