/** @file Elementwise functions of one input that are no activations. Spec: the ONNX operators of the same names. */

import { roundHalfToEven } from "../ir/float16.js";
import type { OperatorDefinition } from "./definition.js";
import { misfit } from "./support/attributes.js";
import { erf } from "./support/erf.js";
import { unary } from "./support/unary.js";
import { tensorOf } from "./support/values.js";

export const unaryOperators: readonly OperatorDefinition[] = [
  unary("Exp", { value: Math.exp, gradient: ({ g, dy, y }) => g.op("Mul", [dy, y]) }),
  unary("Log", { value: Math.log, gradient: ({ g, dy, x }) => g.op("Div", [dy, x]) }),
  unary("Sqrt", {
    value: Math.sqrt,
    gradient: ({ g, dy, y }) => g.op("Div", [g.op("Mul", [dy, g.scalar(0.5)]), y]),
  }),
  unary("Reciprocal", {
    value: (x) => 1 / x,
    gradient: ({ g, dy, y }) => g.op("Neg", [g.op("Mul", [dy, g.op("Mul", [y, y])])]),
  }),
  unary("Abs", {
    value: Math.abs,
    big: (x) => (x < 0n ? -x : x),
    gradient: ({ g, dy, x }) => g.op("Mul", [dy, g.op("Sign", [x])]),
  }),
  unary("Neg", { value: (x) => -x, big: (x) => -x, gradient: ({ g, dy }) => g.op("Neg", [dy]) }),
  unary("Erf", {
    value: erf,
    // 2/√π·e^(−x²)
    gradient: ({ g, dy, x }) => {
      const density = g.op("Exp", [g.op("Neg", [g.op("Mul", [x, x])])]);
      return g.op("Mul", [dy, g.op("Mul", [density, g.scalar(2 / Math.sqrt(Math.PI))])]);
    },
  }),
  unary("Sign", { value: Math.sign, big: (x) => (x > 0n ? 1n : x < 0n ? -1n : 0n) }),
  unary("Round", { value: roundHalfToEven }),
  unary("Floor", { value: Math.floor }),
  unary("Ceil", { value: Math.ceil }),
  unary("Not", { value: (x) => (x ? 0 : 1) }),
  unary("Identity", { value: (x) => x, big: (x) => x, gradient: ({ dy }) => dy }),
];

/** Dropout in inference form is the identity; its mask, if requested, is all true. */
export const Dropout: OperatorDefinition = {
  op: "Dropout",
  infer({ node, inputs: [x], constant }) {
    const training = constant(2);
    if (node.inputs[2] && !(training && Number(training.data[0]) === 0))
      throw misfit(node, "dropout in training mode", "a model exported in evaluation mode (model.eval())");
    const mask = { dtype: "bool" as const, ...(x!.shape ? { shape: x!.shape } : {}) };
    return [x!, mask].slice(0, node.outputs.length);
  },
  evaluate: (node, [x]) =>
    [x!, tensorOf("bool", x!.shape, new Uint8Array(x!.data.length).fill(1))].slice(0, node.outputs.length),
  gradient: ({ outputGradients: [dy] }) => [dy],
};
