/**
 * @file ConvTranspose: every element of x [n, c, …] adds its multiple of the kernel w [c, o/group, …] to y, and a bias [o].
 * The gradient of a convolution with respect to its input has this form. Spec: ONNX `ConvTranspose`, opset 11/22.
 *
 *   y size = stride·(x − 1) + output_padding + dilation·(k − 1) + 1 − pads, or `output_shape`, from which pads then follow
 */

import type { Node } from "../ir/types.js";
import { correlateTransposed } from "./conv.js";
import type { OperatorDefinition } from "./definition.js";
import { attributesOf, misfit } from "./support/attributes.js";
import { numbersOf, tensorOf } from "./support/values.js";
import { type Window, windowOf, windowTaps } from "./support/windows.js";

const defaults = { group: 1, output_padding: [] as number[], output_shape: [] as number[], auto_pad: "NOTSET" };

/** The window of the equivalent convolution, whose input gradient has this form, and the spatial sizes of y. */
function geometry(
  node: Node,
  kernel: readonly number[],
  image: readonly number[],
): { window: Window; output: number[] } {
  const { output_padding, output_shape, auto_pad } = attributesOf(node, defaults);
  const plain = { ...node, attributes: { ...node.attributes, auto_pad: auto_pad === "VALID" ? "VALID" : "NOTSET" } };
  const window = windowOf(plain, kernel, image);
  const full = image.map(
    (size, axis) =>
      window.strides[axis]! * (size - 1) +
      (output_padding[axis] ?? 0) +
      window.dilations[axis]! * (kernel[axis]! - 1) +
      1,
  );
  const rank = kernel.length;
  const same = auto_pad.startsWith("SAME");
  if (output_shape.length === 0 && !same)
    return { window, output: full.map((size, axis) => size - window.pads[axis]! - window.pads[axis + rank]!) };
  const output =
    output_shape.length > 0 ? output_shape.slice(-rank) : image.map((size, axis) => size * window.strides[axis]!);
  const totals = full.map((size, axis) => size - output[axis]!);
  const small = totals.map((total) => Math.floor(total / 2));
  const large = totals.map((total, axis) => total - small[axis]!);
  // Unlike in other operators, NOTSET puts the odd element of padding at the beginning (ONNX: "total_padding -
  // total_padding/2" first).
  const pads = auto_pad === "SAME_UPPER" ? [...small, ...large] : [...large, ...small];
  return { window: { ...window, pads }, output };
}

export const ConvTranspose: OperatorDefinition = {
  op: "ConvTranspose",
  required: 2,
  defaults,

  infer({ node, inputs: [x, w] }) {
    if (!x || !w) throw misfit(node, "an input is missing", "x and w");
    if (!x.shape || !w.shape) return [{ dtype: x.dtype }];
    const { group } = attributesOf(node, defaults);
    const [kernel, image, perGroup] = [w.shape.slice(2), x.shape.slice(2), w.shape[1]];
    if (typeof perGroup !== "number" || !kernel.every((dim) => typeof dim === "number"))
      throw misfit(node, `w has the shape [${w.shape}]`, "fixed sizes");
    if (!image.every((dim) => typeof dim === "number"))
      throw misfit(node, `x has the shape [${x.shape}]`, "a fixed image size");
    if (x.shape[1] !== w.shape[0]) throw misfit(node, `x has ${x.shape[1]} channels, w ${w.shape[0]}`, "equal numbers");
    return [{ dtype: x.dtype, shape: [x.shape[0]!, perGroup * group, ...geometry(node, kernel, image).output] }];
  },

  evaluate(node, [x, w, b]) {
    const { group } = attributesOf(node, defaults);
    const image = x!.shape.slice(2);
    const { window, output } = geometry(node, w!.shape.slice(2), image);
    const y = correlateTransposed(x!, w!, group, windowTaps(window, output, image), output);
    if (!b) return [y];
    const [bias, ys] = [numbersOf(b), numbersOf(y)];
    const [channels, size] = [y.shape[1]!, output.reduce((p, dim) => p * dim, 1)];
    return [
      tensorOf(
        y.dtype,
        y.shape,
        Float64Array.from(ys, (v, at) => v + bias[Math.floor(at / size) % channels]!),
      ),
    ];
  },
};
