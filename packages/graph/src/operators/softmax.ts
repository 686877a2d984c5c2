/** @file Softmax and LogSoftmax along `axis` (the last by default). Spec: the ONNX operators of the same names, opset 13. */

import type { Node, Tensor } from "../ir/types.js";
import type { OperatorDefinition } from "./definition.js";
import { attributesOf, normalizeAxis } from "./support/attributes.js";
import { numbersOf, tensorOf } from "./support/values.js";

const defaults = { axis: -1 };

/** log softmax, shifted by the maximum so that no exponential overflows. */
function logSoftmax(node: Node, x: Tensor): Float64Array {
  const axis = normalizeAxis(node, attributesOf(node, defaults).axis, x.shape.length);
  const size = x.shape[axis]!;
  const inner = x.shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const xs = numbersOf(x);
  const y = new Float64Array(xs.length);
  for (let start = 0; start < xs.length; start++) {
    if (Math.floor(start / inner) % size !== 0) continue;
    let max = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < size; k++) max = Math.max(max, xs[start + k * inner]!);
    let sum = 0;
    for (let k = 0; k < size; k++) sum += Math.exp(xs[start + k * inner]! - max);
    for (let k = 0; k < size; k++) y[start + k * inner] = xs[start + k * inner]! - max - Math.log(sum);
  }
  return y;
}

export const Softmax: OperatorDefinition = {
  op: "Softmax",
  defaults,
  infer: ({ inputs: [x] }) => [x!],
  evaluate: (node, [x]) => [tensorOf(x!.dtype, x!.shape, logSoftmax(node, x!).map(Math.exp))],
  /** dx = y·(dy − Σ dy·y) */
  gradient({ node, g, outputGradients: [dy] }) {
    const y = node.outputs[0]!;
    const axes = g.ints([attributesOf(node, defaults).axis]);
    const sum = g.op("ReduceSum", [g.op("Mul", [dy!, y]), axes], { keepdims: 1 });
    return [g.op("Mul", [y, g.op("Sub", [dy!, sum])])];
  },
};

export const LogSoftmax: OperatorDefinition = {
  op: "LogSoftmax",
  defaults,
  infer: ({ inputs: [x] }) => [x!],
  evaluate: (node, [x]) => [tensorOf(x!.dtype, x!.shape, logSoftmax(node, x!))],
  /** dx = dy − softmax(x)·Σ dy */
  gradient({ node, g, outputGradients: [dy] }) {
    const axes = g.ints([attributesOf(node, defaults).axis]);
    const sum = g.op("ReduceSum", [dy!, axes], { keepdims: 1 });
    return [g.op("Sub", [dy!, g.op("Mul", [g.op("Exp", [node.outputs[0]!]), sum])])];
  },
};
