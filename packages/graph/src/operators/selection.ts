/** @file Operators that choose between values: Where, Clip. Spec: the ONNX operators of the same names. */

import { isBig } from "../ir/element-types.js";
import { toNumbers } from "../ir/tensor.js";
import type { Tensor } from "../ir/types.js";
import type { OperatorDefinition } from "./definition.js";
import { misfit } from "./support/attributes.js";
import { broadcastShapes, broadcastStrides, reduceToShape } from "./support/broadcasting.js";
import { allocate, flatten, forEachIndex, numbersOf, tensorOf } from "./support/values.js";

/** Where(condition, a, b): a where the condition holds, else b, with broadcasting. */
export const Where: OperatorDefinition = {
  op: "Where",
  elementwise: true,
  required: 3,
  infer({ node, inputs }) {
    const [condition, a, b] = inputs;
    if (!condition || !a || !b) throw misfit(node, "an input is missing", "condition and two values");
    if (condition.dtype !== "bool" || a.dtype !== b.dtype)
      throw misfit(node, `types ${condition.dtype}, ${a.dtype} and ${b.dtype}`, "bool and two equal types");
    if (!condition.shape || !a.shape || !b.shape) return [{ dtype: a.dtype }];
    return [{ dtype: a.dtype, shape: broadcastShapes(node, [condition.shape, a.shape, b.shape]) }];
  },
  evaluate(node, inputs) {
    const [condition, a, b] = inputs as readonly [Tensor, Tensor, Tensor];
    const shape = broadcastShapes(node, [condition.shape, a.shape, b.shape]) as number[];
    const [sc, sa, sb] = [condition, a, b].map((t) => broadcastStrides(t.shape, shape)) as [
      number[],
      number[],
      number[],
    ];
    const data = allocate(
      a.dtype,
      shape.reduce((p, dim) => p * dim, 1),
    );
    forEachIndex(shape, (index, at) => {
      data[at] = condition.data[flatten(index, sc)] ? a.data[flatten(index, sa)]! : b.data[flatten(index, sb)]!;
    });
    return [{ dtype: a.dtype, shape, data }];
  },
  gradient({ node, g, type, outputGradients: [dy], needed }) {
    const [condition, a, b] = node.inputs as [string, string, string];
    const shape = type(node.outputs[0]!).shape!;
    const zero = () => g.scalar(0);
    return [
      undefined,
      needed[1] ? reduceToShape(g, g.op("Where", [condition, dy!, zero()]), shape, type(a).shape!) : undefined,
      needed[2] ? reduceToShape(g, g.op("Where", [condition, zero(), dy!]), shape, type(b).shape!) : undefined,
    ];
  },
};

/** Clip(x, low?, high?): min(max(x, low), high). ONNX, opset 13. */
export const Clip: OperatorDefinition = {
  op: "Clip",
  elementwise: true,
  infer({ node, inputs: [x, low, high] }) {
    if (!x) throw misfit(node, "no input", "one");
    for (const bound of [low, high])
      if (bound?.shape?.some((dim) => dim !== 1)) throw misfit(node, `a bound of shape [${bound.shape}]`, "a scalar");
    return [x];
  },
  evaluate(node, [x, low, high]) {
    if (isBig(x!.dtype)) throw misfit(node, `an input of type ${x!.dtype}`, "a type the reference implements");
    const min = low ? toNumbers(low)[0]! : Number.NEGATIVE_INFINITY;
    const max = high ? toNumbers(high)[0]! : Number.POSITIVE_INFINITY;
    return [
      tensorOf(
        x!.dtype,
        x!.shape,
        Float64Array.from(numbersOf(x!), (v) => Math.min(Math.max(v, min), max)),
      ),
    ];
  },
  /** dx = dy where low ≤ x ≤ high, else 0. The bounds are constants and get no gradient. */
  gradient({ node, g, outputGradients: [dy], needed }) {
    if (needed[1] || needed[2]) throw misfit(node, "a gradient of a bound", "constant bounds");
    const [x, low, high] = node.inputs as [string, string?, string?];
    const conditions = [
      ...(low ? [g.op("GreaterOrEqual", [x, low])] : []),
      ...(high ? [g.op("LessOrEqual", [x, high])] : []),
    ];
    if (conditions.length === 0) return [dy];
    const inside = conditions.reduce((a, b) => g.op("And", [a, b]));
    return [g.op("Mul", [dy!, g.op("Cast", [inside], { to: 1 })])];
  },
};
