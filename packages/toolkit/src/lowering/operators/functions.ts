/** @file Unary functions, each a stored table of codes. Formulas: ONNX operator specification, opset 22. */

import type { Node } from "@subbyte/graph";
import { integerForm } from "../integer-form.js";
import { unclamped } from "../pending.js";

const unit = (x: number) => Math.min(1, Math.max(0, x));
const attribute = (node: Node, name: string, otherwise: number) => Number(node.attributes[name] ?? otherwise);

/** Evaluated in float64; rounding to codes is the only rounding. */
const formulas = {
  HardSwish: () => (x: number) => x * unit(x / 6 + 0.5),
  HardSigmoid: (node: Node) => {
    const alpha = attribute(node, "alpha", 0.2);
    const beta = attribute(node, "beta", 0.5);
    return (x: number) => unit(alpha * x + beta);
  },
  Sigmoid: () => (x: number) => 1 / (1 + Math.exp(-x)),
  Tanh: () => Math.tanh,
  LeakyRelu: (node: Node) => {
    const alpha = attribute(node, "alpha", 0.01);
    return (x: number) => (x < 0 ? alpha * x : x);
  },
} satisfies Readonly<Record<string, (node: Node) => (x: number) => number>>;

const functionForm = (op: keyof typeof formulas) =>
  integerForm({
    role: "table",
    makes: ["table"],
    lower: (lowering, node) =>
      lowering.set(node.outputs[0]!, {
        kind: "function",
        node,
        input: lowering.codes(node.inputs[0]!, node),
        evaluate: formulas[op](node),
        clamp: unclamped,
      }),
  });

export const functions = {
  HardSwish: functionForm("HardSwish"),
  HardSigmoid: functionForm("HardSigmoid"),
  Sigmoid: functionForm("Sigmoid"),
  Tanh: functionForm("Tanh"),
  LeakyRelu: functionForm("LeakyRelu"),
};
