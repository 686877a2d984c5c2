/**
 * @file One form where exporters have several, so that later steps know fewer operators:
 *
 *   MatMul(x, w) + b, Gemm with alpha, beta or an untransposed w  →  Gemm(x, w, b) {transB = 1}, w as [outputs, inputs]
 *   ReduceMean over height and width, AveragePool over all of it  →  GlobalAveragePool (and Flatten without keepdims)
 *   Reshape, Squeeze to [n, everything else]                      →  Flatten
 */

import { dimProduct } from "../ir/dims.js";
import { toNumbers } from "../ir/tensor.js";
import type { Tensor, TensorType } from "../ir/types.js";
import { numbersOf, tensorOf } from "../operators/support/values.js";
import { anyValue, constant, node, optional } from "../patterns/pattern.js";
import { type Rule, skip } from "../patterns/rule.js";
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

export const canonicalize = rulePass("canonicalize", [matMulAdd, gemm, reduceMean, averagePool, flatten]);
