/** @file Elementwise operators of several inputs, with broadcasting. Spec: the ONNX operators of the same names. */

import { isBig, isFloat } from "../ir/element-types.js";
import { elementCount } from "../ir/tensor.js";
import type { DType, Node, Tensor } from "../ir/types.js";
import type { GradientContext, OperatorDefinition } from "./definition.js";
import { misfit } from "./support/attributes.js";
import { broadcastShapes, broadcastStrides, reduceToShape } from "./support/broadcasting.js";
import { allocate, flatten, forEachIndex, numbersOf, tensorOf } from "./support/values.js";

interface Binary {
  readonly value: (a: number, b: number) => number;
  /** The function on int64, which is exact. Operators without it refuse int64. */
  readonly big?: (a: bigint, b: bigint) => bigint | boolean;
  /** `"bool"` for comparisons and logic; by default, the type of the inputs. */
  readonly returns?: "bool";
  /** More than two inputs fold from the left, as Min, Max and Sum do. */
  readonly variadic?: boolean;
  /** Gradients of the inputs, in the shape of the output; broadcasting is undone by the caller. */
  readonly gradient?: (c: GradientContext, dy: string) => readonly (() => string)[];
}

function combine(node: Node, a: Tensor, b: Tensor, { value, big, returns }: Binary): Tensor {
  if (a.dtype !== b.dtype && !(isFloat(a.dtype) && isFloat(b.dtype)))
    throw misfit(node, `types ${a.dtype} and ${b.dtype}`, "equal types");
  const shape = broadcastShapes(node, [a.shape, b.shape]) as number[];
  const [sa, sb] = [broadcastStrides(a.shape, shape), broadcastStrides(b.shape, shape)];
  const count = elementCount(shape);
  if (isBig(a.dtype)) {
    if (!big) throw misfit(node, `inputs of type ${a.dtype}`, "a type the reference implements");
    const data = allocate(returns ?? a.dtype, count);
    const [av, bv] = [a.data as BigInt64Array, b.data as BigInt64Array];
    forEachIndex(shape, (index, at) => {
      const result = big(av[flatten(index, sa)]!, bv[flatten(index, sb)]!);
      data[at] = typeof result === "boolean" ? Number(result) : result;
    });
    return { dtype: returns ?? a.dtype, shape, data };
  }
  const [av, bv] = [numbersOf(a), numbersOf(b)];
  const result = new Float64Array(count);
  const whole = isFloat(a.dtype) || returns ? (v: number) => v : Math.trunc;
  forEachIndex(shape, (index, at) => {
    result[at] = whole(value(av[flatten(index, sa)]!, bv[flatten(index, sb)]!));
  });
  // A float64 operand makes the result float64: the interpreter promotes all but what attributes hold.
  const dtype: DType = returns ?? (b.dtype === "float64" ? "float64" : a.dtype);
  return tensorOf(dtype, shape, result);
}

function binary(op: string, rule: Binary): OperatorDefinition {
  return {
    op,
    elementwise: true,
    required: rule.variadic ? 1 : 2,
    infer({ node, inputs }) {
      if (!rule.variadic && inputs.length !== 2) throw misfit(node, `${inputs.length} inputs`, "two");
      if (!inputs.every((input) => input !== undefined)) throw misfit(node, "an input is left out", "all of them");
      const [a, b] = inputs;
      if (a && b && a.dtype !== b.dtype && !(isFloat(a.dtype) && isFloat(b.dtype) && op === "Pow"))
        throw misfit(node, `inputs of types ${a.dtype} and ${b.dtype}`, "equal types");
      const dtype = rule.returns ?? a!.dtype;
      const shapes = inputs.map((input) => input.shape);
      if (!shapes.every((shape) => shape !== undefined)) return [{ dtype }];
      return [{ dtype, shape: broadcastShapes(node, shapes) }];
    },
    evaluate: (node, inputs) => [(inputs as readonly Tensor[]).reduce((a, b) => combine(node, a, b, rule))],
    ...(rule.gradient
      ? {
          gradient(context) {
            const { node, g, type, outputGradients, needed } = context;
            const shape = type(node.outputs[0]!).shape!;
            return rule.gradient!(context, outputGradients[0]!).map((make, i) =>
              needed[i] ? reduceToShape(g, make(), shape, type(node.inputs[i]!).shape!) : undefined,
            );
          },
        }
      : {}),
  };
}

function smaller(a: bigint, b: bigint): bigint {
  if (b < a) return b;
  return a;
}

/** Gradient of Min and Max: it goes to the operand that was chosen. */
const ofChosen: Binary["gradient"] = ({ g, node }, dy) =>
  node.inputs.map(
    (input) => () => g.op("Mul", [dy, g.op("Cast", [g.op("Equal", [input, node.outputs[0]!])], { to: 1 })]),
  );

export const binaryOperators: readonly OperatorDefinition[] = [
  binary("Add", {
    value: (a, b) => a + b,
    big: (a, b) => a + b,
    gradient: (_, dy) => [() => dy, () => dy],
  }),
  binary("Sub", {
    value: (a, b) => a - b,
    big: (a, b) => a - b,
    gradient: ({ g }, dy) => [() => dy, () => g.op("Neg", [dy])],
  }),
  binary("Mul", {
    value: (a, b) => a * b,
    big: (a, b) => a * b,
    gradient: ({ g, node }, dy) => [() => g.op("Mul", [dy, node.inputs[1]!]), () => g.op("Mul", [dy, node.inputs[0]!])],
  }),
  binary("Div", {
    value: (a, b) => a / b,
    big: (a, b) => a / b,
    // d(a/b)/db = −a/b² = −y/b
    gradient: ({ g, node }, dy) => [
      () => g.op("Div", [dy, node.inputs[1]!]),
      () => g.op("Neg", [g.op("Mul", [dy, g.op("Div", [node.outputs[0]!, node.inputs[1]!])])]),
    ],
  }),
  binary("Pow", {
    value: (a, b) => a ** b,
    big: (a, b) => a ** b,
    // The exponent is a constant: only the base has a gradient, p·x^(p−1).
    gradient: ({ g, node, needed }, dy) => {
      if (needed[1]) throw misfit(node, "a gradient of the exponent", "a constant exponent");
      const [x, p] = node.inputs as [string, string];
      return [() => g.op("Mul", [dy, g.op("Mul", [p, g.op("Pow", [x, g.op("Sub", [p, g.scalar(1)])])])])];
    },
  }),
  binary("Sum", {
    value: (a, b) => a + b,
    variadic: true,
    gradient: ({ node }, dy) => node.inputs.map(() => () => dy),
  }),
  binary("Min", { value: Math.min, big: smaller, variadic: true, gradient: ofChosen }),
  binary("Max", {
    value: Math.max,
    big: (a, b) => (smaller(a, b) === a ? b : a),
    variadic: true,
    gradient: ofChosen,
  }),
  binary("PRelu", {
    value: (x, slope) => (x < 0 ? slope * x : x),
    gradient: ({ g, node }, dy) => {
      const [x, slope] = node.inputs as [string, string];
      const isNegative = () => g.op("Less", [x, g.scalar(0)]);
      return [
        () => g.op("Where", [isNegative(), g.op("Mul", [dy, slope]), dy]),
        () => g.op("Where", [isNegative(), g.op("Mul", [dy, x]), g.scalar(0)]),
      ];
    },
  }),
  binary("Equal", { value: (a, b) => Number(a === b), big: (a, b) => a === b, returns: "bool" }),
  binary("Greater", { value: (a, b) => Number(a > b), big: (a, b) => a > b, returns: "bool" }),
  binary("GreaterOrEqual", { value: (a, b) => Number(a >= b), big: (a, b) => a >= b, returns: "bool" }),
  binary("Less", { value: (a, b) => Number(a < b), big: (a, b) => a < b, returns: "bool" }),
  binary("LessOrEqual", { value: (a, b) => Number(a <= b), big: (a, b) => a <= b, returns: "bool" }),
  binary("And", { value: (a, b) => Number(a !== 0 && b !== 0), returns: "bool" }),
  binary("Or", { value: (a, b) => Number(a !== 0 || b !== 0), returns: "bool" }),
];
