/** @file Cast to the element type `to` (a number of `TensorProto.DataType`). Spec: ONNX `Cast`, opset 13. */

import { dtypeCode, dtypeOfCode, isBig, isFloat } from "../ir/element-types.js";
import type { DType, Node } from "../ir/types.js";
import type { OperatorDefinition } from "./definition.js";
import { misfit } from "./support/attributes.js";
import { allocate, numbersOf, tensorOf } from "./support/values.js";

function target(node: Node): DType {
  const { to } = node.attributes;
  if (typeof to !== "number") throw misfit(node, "no target type", "the attribute to");
  return dtypeOfCode(to, `${node.op} "${node.name}"`);
}

export const Cast: OperatorDefinition = {
  op: "Cast",
  elementwise: true,
  infer: ({ node, inputs: [x] }) => [{ dtype: target(node), ...(x?.shape ? { shape: x.shape } : {}) }],

  /**
   * Floats lose their fraction in a conversion to integers; anything but 0 becomes true; int64 stays exact among 64-bit types.
   */
  evaluate(node, [x]) {
    const dtype = target(node);
    if (isBig(x!.dtype) && isBig(dtype)) {
      const data = allocate(dtype, x!.data.length) as BigInt64Array;
      data.set(x!.data as BigInt64Array);
      return [{ dtype, shape: x!.shape, data }];
    }
    const convert =
      dtype === "bool" ? (v: number) => (v !== 0 ? 1 : 0) : isFloat(dtype) ? (v: number) => v : Math.trunc;
    return [tensorOf(dtype, x!.shape, Float64Array.from(numbersOf(x!), convert))];
  },

  /** Between floating-point types only: type inference knows that integers have no gradient. */
  gradient: ({ node, g, type, outputGradients: [dy] }) => [
    g.op("Cast", [dy!], { to: dtypeCode(type(node.inputs[0]!).dtype) }),
  ],
};
