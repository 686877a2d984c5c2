/**
 * @file Removes the channels-last layout [N, H, W, C] that TensorFlow's and Keras' exporters leave between transpositions:
 *   f(T(x)) → T(f'(x))     T = Transpose [0, 2, …, 1], from channels first to channels last
 * f' is f with its axes, pads and constants in channels-first order. So T moves down until it meets its inverse, a linear layer
 * that absorbs it into the columns of its weight, or a value whose spatial sizes are 1, where it moves nothing.
 */

import { elementCount, int64, toNumbers } from "../ir/tensor.js";
import type { Tensor } from "../ir/types.js";
import { anyValue, constant, type Match, type NodePattern, node, optional } from "../patterns/pattern.js";
import { type RewriteContext, type Rule, skip } from "../patterns/rule.js";
import { rulePass } from "./pass.js";
import { fromStart, inverse, isIdentity, isToLast, permOf, permuted, remaining } from "./permutations.js";
import { reshapeTarget } from "./reshape-target.js";

const x = anyValue();
const transposed = node("Transpose", [x], { shared: true });

/** A rule for an operator that reads T(x); `rewrite` gets T's permutation and returns the value that replaces the result. */
const below = (
  name: string,
  match: NodePattern,
  rewrite: (perm: readonly number[], match: Match, context: RewriteContext) => string | undefined,
): Rule => ({
  name,
  match,
  rewrite(found, context) {
    const perm = permOf(found.node(transposed));
    if (!isToLast(perm)) return skip(`Transpose "${found.node(transposed).name}" is not to channels last`);
    return rewrite(perm, found, context) ?? skip(`${found.root.op} "${found.root.name}" keeps its layout`);
  },
});

/** Applies the permutation of T to another value, unless it is the identity. */
const moved = (found: Match, context: RewriteContext, value: string, perm: readonly number[]): string =>
  isIdentity(perm) ? value : context.node(found.node(transposed), "Transpose", [value], { perm });

const compose: Rule = {
  name: "merge-transposes",
  match: node("Transpose", [transposed]),
  rewrite(found, context) {
    const [first, second] = [permOf(found.node(transposed)), permOf(found.root)];
    if (first.length !== second.length || first.length === 0) return skip("a permutation is not given");
    const perm = second.map((axis) => first[axis]!);
    return isIdentity(perm) ? found.value(x) : context.node(found.root, "Transpose", [found.value(x)], { perm });
  },
};

/** Removes a transposition that keeps the order of all axes longer than 1, because it moves no element. */
const ofOnes: Rule = {
  name: "transpose-of-ones-to-reshape",
  match: node("Transpose", [x]),
  rewrite(found, context) {
    const shape = context.type(found.value(x))?.shape;
    const perm = permOf(found.root);
    const long = shape && perm.filter((axis) => shape[axis] !== 1);
    if (
      !shape ||
      perm.length !== shape.length ||
      isIdentity(perm) ||
      long?.some((axis, i) => i > 0 && axis < long[i - 1]!)
    )
      return skip(`Transpose "${found.root.name}" moves elements`);
    const target = reshapeTarget(
      shape,
      perm.map((axis) => shape[axis]!),
    );
    if (!target) return skip(`the shape of "${found.value(x)}" has more than one symbol`);
    return context.node(found.root, "Reshape", [found.value(x), context.constant(target, `${found.root.name}.shape`)]);
  },
};

const unaryOperators = [
  "Abs",
  "Cast",
  "Ceil",
  "Celu",
  "Elu",
  "Erf",
  "Exp",
  "Floor",
  "Gelu",
  "HardSigmoid",
  "HardSwish",
  "Identity",
  "LeakyRelu",
  "Log",
  "Mish",
  "Neg",
  "Reciprocal",
  "Relu",
  "Round",
  "Selu",
  "Sigmoid",
  "Sign",
  "Softplus",
  "Softsign",
  "Sqrt",
  "Tanh",
  "ThresholdedRelu",
];

const unary = below("transpose-below-unary", node(unaryOperators, [transposed]), (perm, found, context) =>
  moved(found, context, context.node(found.root, found.root.op, [found.value(x)], found.root.attributes), perm),
);

const [low, high] = [optional(constant()), optional(constant())];

const clip = below("transpose-below-clip", node("Clip", [transposed, low, high]), (perm, found, context) => {
  const bounds = [found.value(low) ?? "", found.value(high) ?? ""];
  while (bounds.at(-1) === "") bounds.pop();
  return moved(found, context, context.node(found.root, "Clip", [found.value(x), ...bounds]), perm);
});

const [scale, zeroPoint] = [constant(), constant()];

const fakeQuant = below(
  "transpose-below-fake-quant",
  node("FakeQuant", [transposed, scale, zeroPoint], { domain: "subbyte" }),
  (perm, found, context) => {
    const { attributes, inputs } = found.root;
    if (attributes.axis !== undefined) return undefined;
    const quantized = context.node(
      found.root,
      "FakeQuant",
      [found.value(x), ...inputs.slice(1)],
      attributes,
      "subbyte",
    );
    return moved(found, context, quantized, perm);
  },
);

const binaryOperators = ["Add", "Sub", "Mul", "Div", "Pow", "Min", "Max", "PRelu"];
const operand = constant();

/** The constant in channels-first order. */
function constantFirst(tensor: Tensor, perm: readonly number[]): Tensor | undefined {
  if (tensor.shape.length > perm.length) return undefined;
  if (elementCount(tensor.shape) === 1) return tensor;
  const shape = [...new Array<number>(perm.length - tensor.shape.length).fill(1), ...tensor.shape];
  return permuted({ ...tensor, shape }, inverse(perm));
}

const withConstant = (label: string, pattern: NodePattern, inputs: (a: string, b: string) => readonly string[]): Rule =>
  below(`transpose-below-${label}`, pattern, (perm, found, context) => {
    const tensor = constantFirst(found.tensor(operand), perm);
    if (!tensor) return undefined;
    const value = context.replaceConstant(found.value(operand), tensor);
    const result = context.node(found.root, found.root.op, inputs(found.value(x), value), found.root.attributes);
    return moved(found, context, result, perm);
  });

const other = anyValue();

const alsoTransposed = node("Transpose", [other], { shared: true });

const both = below(
  "transpose-below-both",
  node(binaryOperators, [transposed, alsoTransposed]),
  (perm, found, context) => {
    if (permOf(found.node(alsoTransposed)).join() !== perm.join()) return undefined;
    const inputs = [found.value(x), found.value(other)];
    return moved(found, context, context.node(found.root, found.root.op, inputs, found.root.attributes), perm);
  },
);

/** Transposes the other operand to channels first; if its spatial sizes are 1, as those of a gate are, this costs nothing. */
const oneSide = (label: string, pattern: NodePattern, inputs: (a: string, b: string) => readonly string[]): Rule =>
  below(`transpose-below-${label}`, pattern, (perm, found, context) => {
    const shape = context.type(found.value(other))?.shape;
    const isPlain = context.uses.producer(found.value(other))?.op !== "Transpose";
    if (shape?.length !== perm.length || !isPlain) return undefined;
    const turned = context.node(found.root, "Transpose", [found.value(other)], { perm: inverse(perm) });
    const result = context.node(found.root, found.root.op, inputs(found.value(x), turned), found.root.attributes);
    return moved(found, context, result, perm);
  });

const MOST_PARTS = 8;
const parts = Array.from({ length: MOST_PARTS }, () => anyValue());
const partNodes = parts.map((part) => node("Transpose", [part], { shared: true }));

const concats: readonly Rule[] = Array.from({ length: MOST_PARTS - 1 }, (_, i): Rule => {
  const [holes, nodes] = [parts.slice(0, i + 2), partNodes.slice(0, i + 2)];
  return {
    name: `transpose-below-concat-${i + 2}`,
    match: node("Concat", nodes),
    rewrite(found, context) {
      const perm = permOf(found.node(nodes[0]!));
      if (!isToLast(perm) || nodes.some((each) => permOf(found.node(each)).join() !== perm.join()))
        return skip(`Concat "${found.root.name}" reads values of several layouts`);
      const axis = perm[fromStart(found.root.attributes.axis as number, perm.length)]!;
      const values = holes.map((hole) => found.value(hole));
      const result = context.node(found.root, "Concat", values, { axis });
      return context.node(found.node(nodes[0]!), "Transpose", [result], { perm });
    },
  };
});

const axes = constant();
const reductions = ["ReduceMean", "ReduceMax", "ReduceMin", "ReduceSum", "ReduceProd", "ReduceSumSquare"];

const reduce = below("transpose-below-reduction", node(reductions, [transposed, axes]), (perm, found, context) => {
  const reduced = toNumbers(found.tensor(axes)).map((axis) => fromStart(axis, perm.length));
  if (reduced.length === 0) return undefined;
  const first = context.constant(int64(reduced.map((axis) => perm[axis]!)), `${found.root.name}.axes`);
  const result = context.node(found.root, found.root.op, [found.value(x), first], found.root.attributes);
  const keeps = found.root.attributes.keepdims ?? 1;
  return moved(found, context, result, keeps ? perm : remaining(perm, reduced));
});

const squeeze = below("transpose-below-squeeze", node("Squeeze", [transposed, axes]), (perm, found, context) => {
  const removed = toNumbers(found.tensor(axes)).map((axis) => fromStart(axis, perm.length));
  const first = context.constant(int64(removed.map((axis) => perm[axis]!)), `${found.root.name}.axes`);
  const result = context.node(found.root, "Squeeze", [found.value(x), first]);
  return moved(found, context, result, remaining(perm, removed));
});

const [pads, fill] = [constant(), optional(constant())];

const pad = below("transpose-below-pad", node("Pad", [transposed, pads, fill]), (perm, found, context) => {
  const given = toNumbers(found.tensor(pads));
  const rank = perm.length;
  if (given.length !== 2 * rank) return undefined;
  const back = inverse(perm);
  const first = int64([0, rank].flatMap((side) => back.map((axis) => given[side + axis]!)));
  const inputs = [found.value(x), context.replaceConstant(found.value(pads), first)];
  if (found.value(fill)) inputs.push(found.value(fill)!);
  return moved(found, context, context.node(found.root, "Pad", inputs, found.root.attributes), perm);
});

const [starts, ends, steps] = [constant(), constant(), optional(constant())];

const slice = below(
  "transpose-below-slice",
  node("Slice", [transposed, starts, ends, axes, steps]),
  (perm, found, context) => {
    const named = toNumbers(found.tensor(axes)).map((axis) => perm[fromStart(axis, perm.length)]!);
    const inputs = [
      found.value(x),
      found.value(starts),
      found.value(ends),
      context.constant(int64(named), `${found.root.name}.axes`),
    ];
    if (found.value(steps)) inputs.push(found.value(steps)!);
    return moved(found, context, context.node(found.root, "Slice", inputs), perm);
  },
);

const softmax = below(
  "transpose-below-softmax",
  node(["Softmax", "LogSoftmax"], [transposed]),
  (perm, found, context) => {
    const axis = perm[fromStart((found.root.attributes.axis as number | undefined) ?? -1, perm.length)]!;
    return moved(found, context, context.node(found.root, found.root.op, [found.value(x)], { axis }), perm);
  },
);

const flat = node("Flatten", [transposed]);
const [weight, bias] = [constant(), optional(constant())];

/** Turns a linear layer on [N, H·W·C] into one on [N, C·H·W] by reordering its columns. */
const linear = below("transpose-into-linear", node("Gemm", [flat, weight, bias]), (perm, found, context) => {
  const shape = context.type(found.value(x))?.shape?.slice(1);
  const w = found.tensor(weight);
  const { transA = 0, transB = 0 } = found.root.attributes;
  const sizes = shape?.every((dim) => typeof dim === "number") ? (shape as readonly number[]) : undefined;
  const isFlat = (found.node(flat).attributes.axis ?? 1) === 1;
  if (!sizes || transA || !transB || !isFlat || w.shape[1] !== elementCount(sizes)) return undefined;
  const last = perm.slice(1).map((axis) => sizes[axis - 1]!);
  const columns = permuted({ ...w, shape: [w.shape[0]!, ...last] }, inverse(perm));
  const flattened = context.node(found.node(flat), "Flatten", [found.value(x)], { axis: 1 });
  const inputs = [flattened, context.replaceConstant(found.value(weight), { ...columns, shape: w.shape })];
  if (found.value(bias)) inputs.push(found.value(bias)!);
  return context.node(found.root, "Gemm", inputs, found.root.attributes);
});

const inOrder = (a: string, b: string): readonly string[] => [a, b];
const turned = (a: string, b: string): readonly string[] => [b, a];

export const pushTransposes = rulePass("push-transposes", [
  compose,
  ofOnes,
  unary,
  clip,
  fakeQuant,
  withConstant("constant", node(binaryOperators, [transposed, operand]), inOrder),
  withConstant("constant-first", node(binaryOperators, [operand, transposed]), turned),
  both,
  ...concats,
  reduce,
  squeeze,
  pad,
  slice,
  softmax,
  linear,
  oneSide("operand", node(binaryOperators, [transposed, other]), inOrder),
  oneSide("second-operand", node(binaryOperators, [other, transposed]), turned),
]);
