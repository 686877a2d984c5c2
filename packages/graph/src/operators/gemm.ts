/**
 * @file Gemm: Y = alpha·A'·B' + beta·C, where A' is A or its transpose, and C broadcasts to [m, n]. Spec: ONNX `Gemm`,
 * opset 13.
 */

import type { Dim, Node } from "../ir/types.js";
import type { OperatorDefinition } from "./definition.js";
import { attributesOf, misfit } from "./support/attributes.js";
import { broadcastStrides, reduceToShape } from "./support/broadcasting.js";
import { flatten, forEachIndex, numbersOf, tensorOf } from "./support/values.js";

const defaults = { alpha: 1, beta: 1, transA: 0, transB: 0 };

/** The sizes m, k and n: A is [m, k] and B is [k, n] after transposition. */
function sizes(node: Node, a: readonly Dim[], b: readonly Dim[]) {
  const { transA, transB } = attributesOf(node, defaults);
  if (a.length !== 2 || b.length !== 2) throw misfit(node, `A of shape [${a}], B of shape [${b}]`, "two matrices");
  const [m, k] = (transA ? [a[1], a[0]] : a) as [Dim, Dim];
  const [kb, n] = (transB ? [b[1], b[0]] : b) as [Dim, Dim];
  if (typeof k === typeof kb && k !== kb)
    throw misfit(node, `A has ${k} columns, B ${kb} rows (after transposition)`, "equal numbers");
  return { m, n, k };
}

export const Gemm: OperatorDefinition = {
  op: "Gemm",
  required: 2,
  defaults,

  infer({ node, inputs: [a, b, c] }) {
    if (!a || !b) throw misfit(node, "an input is missing", "A and B");
    if (!a.shape || !b.shape) return [{ dtype: a.dtype }];
    const { m, n } = sizes(node, a.shape, b.shape);
    const fits = (dim: Dim | undefined, to: Dim) =>
      dim === undefined || dim === 1 || dim === to || typeof dim !== typeof to;
    if (c?.shape && !(c.shape.length <= 2 && fits(c.shape.at(-1), n) && fits(c.shape.at(-2), m)))
      throw misfit(node, `C of shape [${c.shape}]`, `a shape that broadcasts to [${m},${n}]`);
    return [{ dtype: a.dtype, shape: [m, n] }];
  },

  evaluate(node, [a, b, c]) {
    const { alpha, beta, transA, transB } = attributesOf(node, defaults);
    const { m, n, k } = sizes(node, a!.shape, b!.shape) as { m: number; n: number; k: number };
    const [as, bs, cs] = [numbersOf(a!), numbersOf(b!), c ? numbersOf(c) : undefined];
    const cStrides = c ? broadcastStrides(c.shape, [m, n]) : [];
    const y = new Float64Array(m * n);
    forEachIndex([m, n], (index, at) => {
      const [i, j] = index as [number, number];
      let sum = 0;
      for (let l = 0; l < k; l++) sum += as[transA ? l * m + i : i * k + l]! * bs[transB ? j * k + l : l * n + j]!;
      y[at] = alpha * sum + (cs ? beta * cs[flatten(index, cStrides)]! : 0);
    });
    return [tensorOf(a!.dtype, [m, n], y)];
  },

  /** dA' = alpha·dY·B'ᵀ, dB' = alpha·A'ᵀ·dY, dC = beta·dY summed; for a transposed operand the transpose of that. */
  gradient({ node, g, type, outputGradients: [dy], needed }) {
    const { alpha, beta, transA, transB } = attributesOf(node, defaults);
    const [a, b, c] = node.inputs as [string, string, string?];
    const gemm = (left: string, right: string, tA: number, tB: number) =>
      g.op("Gemm", [left, right], { alpha, transA: tA, transB: tB });
    const dc = () => {
      const sum = reduceToShape(g, dy!, type(node.outputs[0]!).shape!, type(c!).shape!);
      return beta === 1 ? sum : g.op("Mul", [sum, g.scalar(beta)]);
    };
    return [
      needed[0] ? (transA ? gemm(b, dy!, transB, 1) : gemm(dy!, b, 0, transB ? 0 : 1)) : undefined,
      needed[1] ? (transB ? gemm(dy!, a, 1, transA) : gemm(a, dy!, transA ? 0 : 1, 0)) : undefined,
      needed[2] && c ? dc() : undefined,
    ];
  },
};
