/**
 * @file Brings operators that exporters write in several ways to one form, so that later steps know fewer operators:
 *
 *   MatMul(x, w), with + b or without, Gemm with alpha, beta or an untransposed w
 *                                          →  Gemm(x, w, b) {transB = 1}, w as [outputs, inputs]
 *   Reshape, Squeeze to [n, everything else]                      →  Flatten
 */

import { dimProduct } from "../ir/dims.js";
import type { Tensor } from "../ir/types.js";
import { numbersOf, tensorOf } from "../operators/support/values.js";
import { anyValue, constant, node, optional } from "../patterns/pattern.js";
import { type Rule, skip } from "../patterns/rule.js";
import { rulePass } from "./pass.js";

const x = anyValue();
const weight = constant();
const bias = constant();

export function transposed({ dtype, shape, data }: Tensor): Tensor {
  const [rows, columns] = shape as readonly [number, number];
  const result = data.slice();
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) result[column * rows + row] = data[row * columns + column]!;
  return { dtype, shape: [columns, rows], data: result };
}

const matMul = node("MatMul", [x, weight]);

/** Whether a constant is a bias, [outputs] or [1, outputs], for a weight [inputs, outputs]. */
const isBias = ({ shape }: Tensor, weight: Tensor): boolean =>
  shape.at(-1) === weight.shape[1] && (shape.length === 1 || (shape.length === 2 && shape[0] === 1));

const matMulAdd: Rule = {
  name: "matmul-add-to-gemm",
  match: node("Add", [matMul, bias], { commutative: true }),
  rewrite(match, context) {
    const [w, b] = [match.tensor(weight), match.tensor(bias)];
    if (context.type(match.value(x))?.shape?.length !== 2 || w.shape.length !== 2)
      return skip(`MatMul "${match.node(matMul).name}" does not take matrices`);
    if (!isBias(b, w)) return skip("the addition is no bias of the linear layer");
    const transposedWeight = context.replaceConstant(match.value(weight), transposed(w));
    const vector = context.replaceConstant(match.value(bias), { ...b, shape: [w.shape[1]!] });
    return context.node(match.node(matMul), "Gemm", [match.value(x), transposedWeight, vector], { transB: 1 });
  },
};

const plainMatMul: Rule = {
  name: "matmul-to-gemm",
  match: matMul,
  rewrite(match, context) {
    const [w, output] = [match.tensor(weight), match.root.outputs[0]!];
    if (context.type(match.value(x))?.shape?.length !== 2 || w.shape.length !== 2)
      return skip(`MatMul "${match.root.name}" does not take matrices`);
    const [reader] = context.uses.readers(output);
    if (reader?.op === "Add" && context.uses.count(output) === 1) {
      const added = reader.inputs.find((input) => input !== output);
      if (added && context.tensor(added) && isBias(context.tensor(added)!, w)) return skip("a bias is added to it");
    }
    const transposedWeight = context.replaceConstant(match.value(weight), transposed(w));
    return context.node(match.root, "Gemm", [match.value(x), transposedWeight], { transB: 1 });
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

export const canonicalize = rulePass("canonicalize", [matMulAdd, plainMatMul, gemm, flatten]);
