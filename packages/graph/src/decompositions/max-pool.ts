/**
 * @file Gradient of MaxPool: each element of dy is added at the flat position of its maximum.
 *
 *   dx = ScatterElements(zeros, indices, dy; reduction add), all flat
 */

import { float32 } from "../ir/tensor.js";
import { attributesOf } from "../operators/support/attributes.js";
import type { Decomposition } from "./decomposition.js";
import { product, reshape } from "./support.js";

export const maxPoolGradient: Decomposition = {
  op: "MaxPoolGradient",
  domain: "subbyte",
  rewrite(node, { g, type }) {
    const [dy, indices] = node.inputs as [string, string];
    const { input_shape: image } = attributesOf(node, { input_shape: [] as number[] });
    const [batch, channels] = type(dy).shape!;
    const perImage = (channels as number) * product(image);
    const length =
      typeof batch === "number"
        ? g.ints([batch * perImage])
        : g.op("Mul", [g.op("Shape", [dy], { start: 0, end: 1 }), g.ints([perImage])]);
    const zeros = g.op("ConstantOfShape", [length], { value: float32([0]) });
    const flat = [zeros, reshape(g, indices, [-1]), reshape(g, dy, [-1])];
    const dx = g.op("ScatterElements", flat, { axis: 0, reduction: "add" });
    return [reshape(g, dx, [-1, channels as number, ...image])];
  },
};
