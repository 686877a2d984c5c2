/** @file Activation functions. Spec: the ONNX operators of the same names. */

import type { GraphBuilder } from "../ir/builder.js";
import type { OperatorDefinition } from "./definition.js";
import { erf } from "./support/erf.js";
import { unary } from "./support/unary.js";
import { numbersOf, tensorOf } from "./support/values.js";

/** 1.0 where low < x < high, else 0.0. */
function within(g: GraphBuilder, x: string, low: number, high: number): string {
  return g.op("Cast", [g.op("And", [g.op("Greater", [x, g.scalar(low)]), g.op("Less", [x, g.scalar(high)])])], {
    to: 1,
  });
}

const hardSigmoid = (x: number, alpha: number, beta: number): number => Math.max(0, Math.min(1, alpha * x + beta));

const softplus = (x: number): number => Math.log1p(Math.exp(-Math.abs(x))) + Math.max(0, x);

const isNegative = (g: GraphBuilder, x: string): string => g.op("Less", [x, g.scalar(0)]);

const complement = (g: GraphBuilder, value: string): string => g.op("Sub", [g.scalar(1), value]);

const [GELU_SCALE, GELU_CUBIC] = [Math.sqrt(2 / Math.PI), 0.044715];
const geluAngle = (x: number): number => GELU_SCALE * (x + GELU_CUBIC * x ** 3);

/**
 * ReluGradient(dy, y) → dy where y > 0, else 0. It is an operator of our own, because decompositions have a mask that is
 * cheaper than a comparison.
 */
const ReluGradient: OperatorDefinition = {
  op: "ReluGradient",
  domain: "subbyte",
  required: 2,
  infer: ({ inputs: [dy] }) => [dy!],
  evaluate(_, [dy, y]) {
    const [dys, ys] = [numbersOf(dy!), numbersOf(y!)];
    return [
      tensorOf(
        dy!.dtype,
        dy!.shape,
        Float64Array.from(dys, (v, i) => (ys[i]! > 0 ? v : 0)),
      ),
    ];
  },
};

export const activations: readonly OperatorDefinition[] = [
  ReluGradient,
  unary("Relu", {
    value: (x) => Math.max(0, x),
    big: (x) => (x < 0n ? 0n : x),
    gradient: ({ g, dy, y }) => g.op("ReluGradient", [dy, y], {}, { domain: "subbyte" }),
  }),
  unary("LeakyRelu", {
    defaults: { alpha: 0.01 },
    value: (x, { alpha }) => (x < 0 ? alpha * x : x),
    gradient: ({ g, dy, x }, { alpha }) =>
      g.op("Where", [g.op("Less", [x, g.scalar(0)]), g.op("Mul", [dy, g.scalar(alpha)]), dy]),
  }),
  unary("Sigmoid", {
    value: (x) => 1 / (1 + Math.exp(-x)),
    gradient: ({ g, dy, y }) => g.op("Mul", [dy, g.op("Mul", [y, g.op("Sub", [g.scalar(1), y])])]),
  }),
  unary("HardSigmoid", {
    defaults: { alpha: 0.2, beta: 0.5 },
    value: (x, { alpha, beta }) => hardSigmoid(x, alpha, beta),
    gradient: ({ g, dy, y }, { alpha }) => g.op("Mul", [dy, g.op("Mul", [within(g, y, 0, 1), g.scalar(alpha)])]),
  }),
  unary("HardSwish", {
    value: (x) => x * hardSigmoid(x, 1 / 6, 0.5),
    // y = x·h(x), so dy/dx = h + x/6 on the slope of h, and h elsewhere.
    gradient: ({ g, dy, x }) => {
      const h = g.op("HardSigmoid", [x], { alpha: 1 / 6, beta: 0.5 });
      const slope = g.op("Mul", [x, g.op("Mul", [within(g, h, 0, 1), g.scalar(1 / 6)])]);
      return g.op("Mul", [dy, g.op("Add", [h, slope])]);
    },
  }),
  unary("Tanh", {
    value: Math.tanh,
    gradient: ({ g, dy, y }) => g.op("Mul", [dy, g.op("Sub", [g.scalar(1), g.op("Mul", [y, y])])]),
  }),
  unary("Elu", {
    defaults: { alpha: 1 },
    value: (x, { alpha }) => (x < 0 ? alpha * Math.expm1(x) : x),
    // For x < 0: α·eˣ = y + α.
    gradient: ({ g, dy, x, y }, { alpha }) =>
      g.op("Where", [isNegative(g, x), g.op("Mul", [dy, g.op("Add", [y, g.scalar(alpha)])]), dy]),
  }),
  unary("Celu", {
    defaults: { alpha: 1 },
    value: (x, { alpha }) => (x < 0 ? alpha * Math.expm1(x / alpha) : x),
    // For x < 0: e^(x/α) = y/α + 1.
    gradient: ({ g, dy, x, y }, { alpha }) => {
      const slope = g.op("Add", [g.op("Mul", [y, g.scalar(1 / alpha)]), g.scalar(1)]);
      return g.op("Where", [isNegative(g, x), g.op("Mul", [dy, slope]), dy]);
    },
  }),
  unary("Selu", {
    defaults: { alpha: 1.6732631921768188, gamma: 1.0507010221481323 },
    value: (x, { alpha, gamma }) => gamma * (x < 0 ? alpha * Math.expm1(x) : x),
    // For x < 0: γ·α·eˣ = y + γ·α.
    gradient: ({ g, dy, x, y }, { alpha, gamma }) => {
      const slope = g.op("Where", [isNegative(g, x), g.op("Add", [y, g.scalar(gamma * alpha)]), g.scalar(gamma)]);
      return g.op("Mul", [dy, slope]);
    },
  }),
  unary("Softplus", {
    value: softplus,
    gradient: ({ g, dy, x }) => g.op("Mul", [dy, g.op("Sigmoid", [x])]),
  }),
  unary("Softsign", {
    value: (x) => x / (1 + Math.abs(x)),
    // 1/(1 + |x|) = 1 − |y|
    gradient: ({ g, dy, y }) => {
      const root = g.op("Sub", [g.scalar(1), g.op("Abs", [y])]);
      return g.op("Mul", [dy, g.op("Mul", [root, root])]);
    },
  }),
  unary("ThresholdedRelu", {
    defaults: { alpha: 1 },
    value: (x, { alpha }) => (x > alpha ? x : 0),
    gradient: ({ g, dy, x }, { alpha }) =>
      g.op("Mul", [dy, g.op("Cast", [g.op("Greater", [x, g.scalar(alpha)])], { to: 1 })]),
  }),
  unary("Mish", {
    value: (x) => x * Math.tanh(softplus(x)),
    // With t = tanh(softplus(x)), dy/dx = t + x·σ(x)·(1 − t²).
    gradient: ({ g, dy, x }) => {
      const t = g.op("Tanh", [g.op("Softplus", [x])]);
      const rest = g.op("Mul", [g.op("Mul", [x, g.op("Sigmoid", [x])]), complement(g, g.op("Mul", [t, t]))]);
      return g.op("Mul", [dy, g.op("Add", [t, rest])]);
    },
  }),
  unary("Gelu", {
    defaults: { approximate: "none" },
    value: (x, { approximate }) =>
      0.5 * x * (1 + (approximate === "tanh" ? Math.tanh(geluAngle(x)) : erf(x / Math.SQRT2))),
    gradient: ({ g, dy, x }, { approximate }) =>
      g.op("Mul", [dy, approximate === "tanh" ? geluTanhSlope(g, x) : geluSlope(g, x)]),
  }),
];

/** Φ(x) + x·φ(x), with the distribution and density of the standard normal. */
function geluSlope(g: GraphBuilder, x: string): string {
  const distribution = g.op("Add", [
    g.scalar(0.5),
    g.op("Mul", [g.op("Erf", [g.op("Mul", [x, g.scalar(Math.SQRT1_2)])]), g.scalar(0.5)]),
  ]);
  const exponent = g.op("Mul", [g.op("Mul", [x, x]), g.scalar(-0.5)]);
  const density = g.op("Mul", [g.op("Exp", [exponent]), g.scalar(1 / Math.sqrt(2 * Math.PI))]);
  return g.op("Add", [distribution, g.op("Mul", [x, density])]);
}

/** (1 + t)/2 + x/2·(1 − t²)·k·(1 + 3c·x²), with t = tanh(k·(x + c·x³)). */
function geluTanhSlope(g: GraphBuilder, x: string): string {
  const square = g.op("Mul", [x, x]);
  const cubic = g.op("Mul", [square, g.scalar(GELU_CUBIC)]);
  const angle = g.op("Mul", [g.op("Mul", [x, g.op("Add", [cubic, g.scalar(1)])]), g.scalar(GELU_SCALE)]);
  const t = g.op("Tanh", [angle]);
  const inner = g.op("Mul", [g.op("Add", [g.op("Mul", [cubic, g.scalar(3)]), g.scalar(1)]), g.scalar(GELU_SCALE)]);
  const steep = g.op("Mul", [g.op("Mul", [x, complement(g, g.op("Mul", [t, t]))]), inner]);
  return g.op("Mul", [g.op("Add", [g.op("Add", [t, g.scalar(1)]), steep]), g.scalar(0.5)]);
}
