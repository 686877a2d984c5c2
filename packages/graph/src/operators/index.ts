/** @file Every operator that the graph knows; a new one is a file beside this and an entry here. */

import { activations } from "./activations.js";
import { AveragePool, GlobalAveragePool } from "./average-pool.js";
import { BatchNormalization, BatchNormalizationGradient, BatchNormalizationTraining } from "./batch-normalization.js";
import { binaryOperators } from "./binary.js";
import { Cast } from "./cast.js";
import { Conv } from "./conv.js";
import { ConvInputGradient, ConvWeightGradient } from "./conv-gradients.js";
import { ConvTranspose } from "./conv-transpose.js";
import type { OperatorDefinition } from "./definition.js";
import { FakeQuant, FakeQuantGradient } from "./fake-quant.js";
import { Gemm } from "./gemm.js";
import { Gather, OneHot, ScatterElements } from "./indexing.js";
import { FusedMatMul, MatMul } from "./matmul.js";
import { GlobalMaxPool, MaxPool, MaxPoolGradient } from "./max-pool.js";
import { Concat, Split, Transpose } from "./movement.js";
import { Pad } from "./pad.js";
import { DequantizeLinear, QuantizeLinear } from "./quantize-linear.js";
import { ArgMax, reductions } from "./reduce.js";
import { Flatten, Reshape, Squeeze, Unsqueeze } from "./reshaping.js";
import { Clip, Where } from "./selection.js";
import { ConstantOfShape, Expand, Shape, Size } from "./shapes.js";
import { Slice } from "./slice.js";
import { LogSoftmax, Softmax } from "./softmax.js";
import { SoftmaxCrossEntropy, SoftmaxCrossEntropyGradient } from "./softmax-cross-entropy.js";
import { Dropout, unaryOperators } from "./unary.js";

/** All operators that the graph knows: ONNX operators, and those of ours (domain `subbyte`). */
export const operators: readonly OperatorDefinition[] = [
  ...binaryOperators,
  ...reductions,
  ...unaryOperators,
  ...activations,
  ArgMax,
  AveragePool,
  BatchNormalization,
  BatchNormalizationGradient,
  BatchNormalizationTraining,
  Cast,
  Clip,
  Concat,
  ConstantOfShape,
  Conv,
  ConvInputGradient,
  ConvWeightGradient,
  ConvTranspose,
  DequantizeLinear,
  Dropout,
  Expand,
  FakeQuant,
  FakeQuantGradient,
  Flatten,
  FusedMatMul,
  Gather,
  Gemm,
  GlobalAveragePool,
  GlobalMaxPool,
  LogSoftmax,
  MatMul,
  MaxPool,
  MaxPoolGradient,
  OneHot,
  Pad,
  QuantizeLinear,
  Reshape,
  ScatterElements,
  Shape,
  Size,
  Slice,
  Softmax,
  SoftmaxCrossEntropy,
  SoftmaxCrossEntropyGradient,
  Split,
  Squeeze,
  Transpose,
  Unsqueeze,
  Where,
];

const byName = new Map(operators.map((definition) => [`${definition.domain ?? ""}:${definition.op}`, definition]));

/** The definition of an operator, or undefined if there is none. `"ai.onnx"` is another name of the default domain. */
export function operatorDefinition(op: string, domain = ""): OperatorDefinition | undefined {
  return byName.get(`${domain === "ai.onnx" ? "" : domain}:${op}`);
}
