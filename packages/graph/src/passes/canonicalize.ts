/**
 * @file One form where exporters have several, so that later steps know fewer operators:
 *
 *   MatMul(x, w) + b, Gemm with alpha, beta or an untransposed w  →  Gemm(x, w, b) {transB = 1}, w as [outputs, inputs]
 *   ReduceMean over height and width, AveragePool over all of it  →  GlobalAveragePool (and Flatten without keepdims)
 *   Reshape, Squeeze to [n, everything else]                      →  Flatten
 *   Clip(Relu(x), low, high) with low ≥ 0                         →  Clip(x, low, high)
 *   Clip(x + 3, 0, 6) / 6                                         →  HardSigmoid with α = 1/6, β = 1/2
 *   Mul(x, such a HardSigmoid), Mul(x, Clip(x + 3, 0, 6)) / 6     →  HardSwish
 */

import { dimProduct } from "../ir/dims.js";
import { toNumbers } from "../ir/tensor.js";
import type { Node, Tensor, TensorType } from "../ir/types.js";
import { numbersOf, tensorOf } from "../operators/support/values.js";
import { anyValue, constant, type Match, type NodePattern, node, optional } from "../patterns/pattern.js";
import { type RewriteContext, type Rule, skip } from "../patterns/rule.js";
import { rulePass } from "./pass.js";

const x = anyValue();
const weight = constant();
const bias = constant();

function transposed({ dtype, shape, data }: Tensor): Tensor {
  const [rows, columns] = shape as readonly [number, number];
  const result = data.slice();
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) result[column * rows + row] = data[row * columns + column]!;
  return { dtype, shape: [columns, rows], data: result };
}

const matMul = node("MatMul", [x, weight]);

const matMulAdd: Rule = {
  name: "matmul-add-to-gemm",
  match: node("Add", [matMul, bias], { commutative: true }),
  rewrite(match, context) {
    const [w, b] = [match.tensor(weight), match.tensor(bias)];
    if (context.type(match.value(x))?.shape?.length !== 2 || w.shape.length !== 2)
      return skip(`MatMul "${match.node(matMul).name}" does not take matrices`);
    if (b.shape.length !== 1 || b.shape[0] !== w.shape[1]) return skip("the addition is no bias of the linear layer");
    const transposedWeight = context.replaceConstant(match.value(weight), transposed(w));
    return context.node(match.node(matMul), "Gemm", [match.value(x), transposedWeight, match.value(bias)], {
      transB: 1,
    });
  },
};

const gemmBias = optional(constant());

const gemm: Rule = {
  name: "gemm-form",
  match: node("Gemm", [x, weight, gemmBias]),
  rewrite(match, context) {
    const { alpha = 1, beta = 1, transA = 0, transB = 0 } = match.root.attributes as Record<string, number>;
    const w = match.tensor(weight);
    const b = match.tensor(gemmBias);
    const outputs = w.shape[transB ? 0 : 1]!;
    const isPlainBias = b === undefined || (b.shape.length === 1 && b.shape[0] === outputs);
    if (transA) return skip(`Gemm "${match.root.name}" transposes its input`);
    if (transB && alpha === 1 && beta === 1 && isPlainBias) return skip(`Gemm "${match.root.name}" has the form`);
    if (b && (b.shape.length > 2 || (b.shape.length === 2 && b.shape[0] !== 1)))
      return skip(`Gemm "${match.root.name}" adds a matrix`);
    const scaled = (tensor: Tensor, factor: number, shape: readonly number[]): Tensor => {
      const values = numbersOf(tensor);
      const length = shape.reduce((product, dim) => product * dim, 1);
      // A bias of one element is broadcast to all outputs.
      return tensorOf(
        tensor.dtype,
        shape,
        Float64Array.from({ length }, (_, i) => factor * values[i % values.length]!),
      );
    };
    const oriented = transB ? w : transposed(w);
    const inputs = [
      match.value(x),
      context.replaceConstant(match.value(weight), scaled(oriented, alpha, oriented.shape)),
    ];
    if (b) inputs.push(context.replaceConstant(match.value(gemmBias)!, scaled(b, beta, [outputs])));
    return context.node(match.root, "Gemm", inputs, { transB: 1 });
  },
};

const axes = constant();

const isImage = (type: TensorType | undefined): type is TensorType & { readonly shape: readonly (number | string)[] } =>
  type?.shape?.length === 4;

const reduceMean: Rule = {
  name: "reduce-mean-to-global-average-pool",
  match: node("ReduceMean", [x, axes]),
  rewrite(match, context) {
    const over = toNumbers(match.tensor(axes))
      .map((axis) => (axis < 0 ? axis + 4 : axis))
      .sort();
    if (!isImage(context.type(match.value(x))) || over.join() !== "2,3")
      return skip(`ReduceMean "${match.root.name}" is not over height and width of an image`);
    const pooled = context.node(match.root, "GlobalAveragePool", [match.value(x)]);
    const keepsDims = match.root.attributes.keepdims ?? 1;
    return keepsDims ? pooled : context.node(match.root, "Flatten", [pooled], { axis: 1 });
  },
};

const averagePool: Rule = {
  name: "average-pool-to-global-average-pool",
  match: node("AveragePool", [x]),
  rewrite(match, context) {
    const type = context.type(match.value(x));
    const { kernel_shape: kernel, pads = [], dilations = [] } = match.root.attributes as Record<string, number[]>;
    const covers = isImage(type) && kernel?.join() === type.shape.slice(2).join();
    const isPlain = pads.every((width) => width === 0) && dilations.every((step) => step === 1);
    const { auto_pad: autoPad = "NOTSET" } = match.root.attributes;
    if (!covers || !isPlain || (autoPad !== "NOTSET" && autoPad !== "VALID"))
      return skip(`AveragePool "${match.root.name}" does not cover the image`);
    return context.node(match.root, "GlobalAveragePool", [match.value(x)]);
  },
};

const flatten: Rule = {
  name: "reshape-to-flatten",
  match: node(["Reshape", "Squeeze"], [x, optional(anyValue())]),
  rewrite(match, context) {
    const from = context.type(match.value(x))?.shape;
    const to = context.type(match.root.outputs[0]!)?.shape;
    const isFlat = from && to && from.length > 2 && to.length === 2 && to[0] === from[0];
    return isFlat && to[1] === dimProduct(from.slice(1))
      ? context.node(match.root, "Flatten", [match.value(x)], { axis: 1 })
      : skip(`${match.root.op} "${match.root.name}" is no flattening`);
  },
};

const low = constant();
const high = optional(constant());

const clippedRelu: Rule = {
  name: "clip-of-relu",
  match: node("Clip", [node("Relu", [x]), low, high]),
  rewrite(match, context) {
    if (!(Number(match.tensor(low).data[0]) >= 0)) return skip(`Clip "${match.root.name}" goes below 0`);
    const bounds = [match.value(low), match.value(high)].filter((bound) => bound !== undefined);
    return context.node(match.root, "Clip", [match.value(x), ...bounds]);
  },
};

const [three, zero, six] = [constant(), constant(), constant()];
/** 6·hardSigmoid(x), as exporters write it that do not know the operator. */
const sixfoldGate = node("Clip", [node("Add", [x, three], { commutative: true }), zero, six]);
const sixfoldHardSwish = node("Mul", [x, sixfoldGate], { commutative: true });
const sixth = constant();

const isScalar = (tensor: Tensor, value: number): boolean =>
  tensor.data.length === 1 && Math.fround(Number(tensor.data[0])) === Math.fround(value);

/** The last step of six times something: a division by 6, or a multiplication by a sixth. */
const sixthOf = (
  name: string,
  sixfold: NodePattern,
  build: (match: Match, context: RewriteContext) => string,
): readonly Rule[] =>
  (["Div", "Mul"] as const).map((op) => ({
    name: `${name}-${op.toLowerCase()}`,
    match: node(op, [sixfold, sixth], { commutative: op === "Mul" }),
    rewrite(match, context) {
      const isGate =
        isScalar(match.tensor(three), 3) &&
        isScalar(match.tensor(zero), 0) &&
        isScalar(match.tensor(six), 6) &&
        isScalar(match.tensor(sixth), op === "Div" ? 6 : 1 / 6);
      return isGate ? build(match, context) : skip(`${op} "${match.root.name}" is no sixth of clip(x + 3, 0, 6)`);
    },
  }));

const hardSigmoidParts = sixthOf("hard-sigmoid", sixfoldGate, (match, context) =>
  context.node(match.root, "HardSigmoid", [match.value(x)], { alpha: 1 / 6, beta: 0.5 }),
);
const hardSwishParts = sixthOf("hard-swish-of-parts", sixfoldHardSwish, (match, context) =>
  context.node(match.root, "HardSwish", [match.value(x)]),
);

const gate = node("HardSigmoid", [x]);

const hardSwish: Rule = {
  name: "hard-swish",
  match: node("Mul", [x, gate], { commutative: true }),
  rewrite(match, context) {
    return isHardSwishGate(match.node(gate))
      ? context.node(match.root, "HardSwish", [match.value(x)])
      : skip(`HardSigmoid "${match.node(gate).name}" is not clip(x/6 + 1/2)`);
  },
};

/** In float32, as files have it. */
const isHardSwishGate = ({ attributes }: Node): boolean =>
  Math.fround((attributes.alpha as number | undefined) ?? 0.2) === Math.fround(1 / 6) &&
  ((attributes.beta as number | undefined) ?? 0.5) === 0.5;

export const canonicalize = rulePass("canonicalize", [
  matMulAdd,
  gemm,
  reduceMean,
  averagePool,
  flatten,
  clippedRelu,
  ...hardSigmoidParts,
  ...hardSwishParts,
  hardSwish,
]);
