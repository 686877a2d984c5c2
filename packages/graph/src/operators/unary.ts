/** @file Elementwise operators of one input. Spec: the ONNX operators of the same names. */

import type { GraphBuilder } from "../ir/builder.js";
import { isBig } from "../ir/element-types.js";
import { roundHalfToEven } from "../ir/float16.js";
import type { Attributes, Node } from "../ir/types.js";
import type { OperatorDefinition } from "./definition.js";
import { attributesOf, misfit } from "./support/attributes.js";
import { numbersOf, tensorOf } from "./support/values.js";

/** What a gradient formula may use: names of dy, x and y, and the attributes. */
interface Formula {
  readonly g: GraphBuilder;
  readonly dy: string;
  readonly x: string;
  readonly y: string;
  readonly node: Node;
}

interface Unary<T extends Attributes> {
  readonly defaults?: T;
  readonly value: (x: number, attributes: T) => number;
  /** Where int64 can be given too. */
  readonly big?: (x: bigint) => bigint;
  readonly gradient?: (formula: Formula, attributes: T) => string;
}

function unary<T extends Attributes>(op: string, { defaults, value, big, gradient }: Unary<T>): OperatorDefinition {
  const none = {} as T;
  return {
    op,
    ...(defaults ? { defaults } : {}),
    infer: ({ node, inputs: [x] }) => {
      if (!x) throw misfit(node, "no input", "one");
      return [x];
    },
    evaluate(node, [x]) {
      const attributes = attributesOf(node, defaults ?? none);
      if (isBig(x!.dtype)) {
        if (!big) throw misfit(node, `an input of type ${x!.dtype}`, "floating point");
        return [{ ...x!, data: (x!.data as BigInt64Array).map(big) }];
      }
      const xs = numbersOf(x!);
      return [
        tensorOf(
          x!.dtype,
          x!.shape,
          Float64Array.from(xs, (v) => value(v, attributes)),
        ),
      ];
    },
    ...(gradient
      ? {
          gradient: ({ node, g, outputGradients: [dy], needed }) => [
            needed[0]
              ? gradient(
                  { g, dy: dy!, x: node.inputs[0]!, y: node.outputs[0]!, node },
                  attributesOf(node, defaults ?? none),
                )
              : undefined,
          ],
        }
      : {}),
  };
}

/** 1.0 where low < x < high, else 0.0. */
function within(g: GraphBuilder, x: string, low: number, high: number): string {
  return g.op("Cast", [g.op("And", [g.op("Greater", [x, g.scalar(low)]), g.op("Less", [x, g.scalar(high)])])], {
    to: 1,
  });
}

const hardSigmoid = (x: number, alpha: number, beta: number): number => Math.max(0, Math.min(1, alpha * x + beta));

/** ReluGradient(dy, y) → dy where y > 0, else 0. An operator of ours: decompositions know a mask that costs less than a comparison. */
export const ReluGradient: OperatorDefinition = {
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

export const unaryOperators: readonly OperatorDefinition[] = [
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
  unary("Sign", { value: Math.sign, big: (x) => (x > 0n ? 1n : x < 0n ? -1n : 0n) }),
  unary("Round", { value: roundHalfToEven }),
  unary("Floor", { value: Math.floor }),
  unary("Ceil", { value: Math.ceil }),
  unary("Not", { value: (x) => (x ? 0 : 1) }),
  unary("Identity", { value: (x) => x, big: (x) => x, gradient: ({ dy }) => dy }),
];

/** Dropout in inference form is the identity; the mask, where asked for, is all true. */
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
