/**
 * @file MatMul (ONNX, opset 13), and ONNX Runtime's FusedMatMul (com.microsoft), which also transposes its last two axes and
 * scales. Leading axes broadcast.
 */

import type { Attributes, Dim, Node, Tensor, TensorType } from "../ir/types.js";
import type { GradientContext, OperatorDefinition } from "./definition.js";
import { attributesOf, misfit } from "./support/attributes.js";
import { broadcastShapes, broadcastStrides, reduceToShape } from "./support/broadcasting.js";
import { flatten, forEachIndex, numbersOf, tensorOf } from "./support/values.js";

const defaults = { transA: 0, transB: 0, alpha: 1 };
type Options = typeof defaults;

/** Swaps the last two axes if `swap` is 1. */
const turned = <T extends Dim>(shape: readonly T[], swap: number): T[] =>
  swap ? [...shape.slice(0, -2), shape.at(-1)!, shape.at(-2)!] : [...shape];

/**
 * The shape of a matrix product. A vector counts as one row on the left and as one column on the right; this axis is then
 * removed.
 */
function productShape(node: Node, a: readonly Dim[], b: readonly Dim[], options: Options): Dim[] {
  if (a.length === 0 || b.length === 0)
    throw misfit(node, `operands of shapes [${a}] and [${b}]`, "matrices or vectors");
  const shape = matrixShape(node, asRow(a), asColumn(b), options);
  const kept = [a.length > 1 ? shape.at(-2)! : [], b.length > 1 ? shape.at(-1)! : []].flat();
  return [...shape.slice(0, -2), ...kept];
}

const asRow = <T extends Dim>(shape: readonly T[]): readonly (T | 1)[] => (shape.length === 1 ? [1, ...shape] : shape);
const asColumn = <T extends Dim>(shape: readonly T[]): readonly (T | 1)[] =>
  shape.length === 1 ? [...shape, 1] : shape;

function matrixShape(node: Node, a: readonly Dim[], b: readonly Dim[], { transA, transB }: Options): Dim[] {
  const [left, right] = [turned(a, transA), turned(b, transB)];
  const [inner, outer] = [left.at(-1)!, right.at(-2)!];
  if (typeof inner === typeof outer && inner !== outer)
    throw misfit(node, `inner dimensions ${inner} and ${outer} of [${left}] and [${right}]`, "equal ones");
  return [...broadcastShapes(node, [left.slice(0, -2), right.slice(0, -2)]), left.at(-2)!, right.at(-1)!];
}

function product(node: Node, a: Tensor, b: Tensor, options: Options): Tensor {
  const [left, right] = [asRow(a.shape), asColumn(b.shape)];
  const shape = matrixShape(node, left, right, options) as number[];
  const [rows, columns] = shape.slice(-2) as [number, number];
  const inner = turned(left, options.transA).at(-1)!;
  const lead = shape.slice(0, -2);
  const [as, bs] = [numbersOf(a), numbersOf(b)];
  const [aLead, bLead] = [left, right].map((t) => broadcastStrides(t.slice(0, -2), lead)) as [number[], number[]];
  const [aRow, aInner] = options.transA ? [1, rows] : [inner, 1];
  const [bInner, bColumn] = options.transB ? [1, inner] : [columns, 1];
  const y = new Float64Array(shape.reduce((p, dim) => p * dim, 1));
  forEachIndex(lead, (index, block) => {
    const aBase = flatten(index, aLead) * rows * inner;
    const bBase = flatten(index, bLead) * inner * columns;
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < columns; j++) {
        let sum = 0;
        for (let k = 0; k < inner; k++)
          sum += as[aBase + i * aRow + k * aInner]! * bs[bBase + k * bInner + j * bColumn]!;
        y[(block * rows + i) * columns + j] = options.alpha * sum;
      }
  });
  return tensorOf(a.dtype, productShape(node, a.shape, b.shape, options) as number[], y);
}

const inferWith =
  (options: (node: Node) => Options) =>
  ({ node, inputs: [a, b] }: { node: Node; inputs: readonly (TensorType | undefined)[] }): TensorType[] => {
    if (!a || !b) throw misfit(node, "an input is missing", "two matrices");
    if (!a.shape || !b.shape) return [{ dtype: a.dtype }];
    return [{ dtype: a.dtype, shape: productShape(node, a.shape, b.shape, options(node)) }];
  };

export const MatMul: OperatorDefinition = {
  op: "MatMul",
  required: 2,
  infer: inferWith(() => defaults),
  evaluate: (node, [a, b]) => [product(node, a!, b!, defaults)],

  /** dA = dY·Bᵀ and dB = Aᵀ·dY, summed over broadcast axes; a plain matrix B takes the whole batch in one Gemm. */
  gradient(context) {
    const { node, g, type, outputGradients, needed } = context;
    const [a, b] = node.inputs as [string, string];
    const dy = outputGradients[0]!;
    const [aShape, bShape] = [type(a).shape!, type(b).shape!];
    const shape = type(node.outputs[0]!).shape!;
    const batched = (left: string, right: string, target: readonly Dim[]) =>
      reduceToShape(g, g.op("MatMul", [left, right]), [...shape.slice(0, -2), ...target.slice(-2)], target);
    return [
      needed[0] ? batched(dy, transposed(context, b), aShape) : undefined,
      !needed[1]
        ? undefined
        : bShape.length === 2 && typeof bShape[0] === "number" && typeof bShape[1] === "number"
          ? g.op("Gemm", [rows(context, a, bShape[0]), rows(context, dy, bShape[1])], { transA: 1 })
          : batched(transposed(context, a), dy, bShape),
    ];
  },
};

/** The value with its last two axes swapped. */
function transposed({ g, type }: GradientContext, value: string): string {
  const rank = type(value).shape!.length;
  const attributes: Attributes = {
    perm: turned(
      Array.from({ length: rank }, (_, axis) => axis),
      1,
    ),
  };
  return g.op("Transpose", [value], attributes);
}

/** The value as a matrix: all axes but the last are flattened into one. */
function rows({ g }: GradientContext, value: string, width: number): string {
  return g.op("Reshape", [value, g.ints([-1, width])]);
}

export const FusedMatMul: OperatorDefinition = {
  op: "FusedMatMul",
  domain: "com.microsoft",
  required: 2,
  defaults,
  infer: inferWith((node) => attributesOf(node, defaults)),
  evaluate: (node, [a, b]) => [product(node, a!, b!, attributesOf(node, defaults))],
};
