/** @file Unary functions, each a stored table of codes. Formulas: ONNX operator specification, opset 22. */

import type { Node } from "@subbyte/graph";
import type { Lowering, LowerOperator } from "../lowering.js";
import { unclamped } from "../pending.js";

const unit = (x: number) => Math.min(1, Math.max(0, x));
const attribute = (node: Node, name: string, otherwise: number) => Number(node.attributes[name] ?? otherwise);

/** Evaluated in float64; rounding to codes is the only rounding. */
const formulas: Readonly<Record<string, (node: Node) => (x: number) => number>> = {
  HardSwish: () => (x) => x * unit(x / 6 + 0.5),
  HardSigmoid: (node) => {
    const alpha = attribute(node, "alpha", 0.2);
    const beta = attribute(node, "beta", 0.5);
    return (x) => unit(alpha * x + beta);
  },
  Sigmoid: () => (x) => 1 / (1 + Math.exp(-x)),
  Tanh: () => Math.tanh,
  LeakyRelu: (node) => {
    const alpha = attribute(node, "alpha", 0.01);
    return (x) => (x < 0 ? alpha * x : x);
  },
};

export const functions: Readonly<Record<string, LowerOperator>> = Object.fromEntries(
  Object.entries(formulas).map(([op, formula]) => [
    op,
    (lowering: Lowering, node: Node) =>
      lowering.set(node.outputs[0]!, {
        kind: "function",
        node,
        input: lowering.codes(node.inputs[0]!, node),
        evaluate: formula(node),
        clamp: unclamped,
      }),
  ]),
);
