/**
 * @file Decompositions: from operators of our own to ONNX operators (and FusedMatMul of ONNX Runtime) that compute them
 * correctly and fast. Which is fastest was measured on ONNX Runtime's CPU kernels; all are plain graphs.
 */

import type { Graph } from "../ir/types.js";
import { batchNormGradient, batchNormTraining } from "./batch-norm.js";
import { type ConvDecomposition, convDecompositions } from "./convolution.js";
import { deadTaps } from "./dead-taps.js";
import { type Decomposition, decompose } from "./decomposition.js";
import { directGradients } from "./direct-gradients.js";
import { fakeQuant, fakeQuantGradient } from "./fake-quant.js";
import { fullWindow } from "./full-window.js";
import { maxPoolGradient } from "./max-pool.js";
import { pointwise } from "./pointwise.js";
import { reluGradient } from "./relu.js";
import { softmaxCrossEntropy, softmaxCrossEntropyGradient } from "./softmax-cross-entropy.js";
import { winograd } from "./winograd.js";

/** Decompositions in order of preference; the last accepts every gradient. */
const convolutions: readonly ConvDecomposition[] = [deadTaps, fullWindow, winograd, pointwise, directGradients];

const inference: readonly Decomposition[] = [fakeQuant];

const training: readonly Decomposition[] = [
  ...inference,
  fakeQuantGradient,
  batchNormTraining,
  batchNormGradient,
  reluGradient,
  maxPoolGradient,
  softmaxCrossEntropy,
  softmaxCrossEntropyGradient,
];

/** Options of `expandForTraining` and `expandForInference`. */
export interface DecompositionOptions {
  /** Uses minimal filtering for 3×3 convolutions if it is faster; true by default. */
  readonly winograd?: boolean;
}

/**
 * Replaces our own operators in a graph with gradients, and convolutions that have a faster decomposition. The result has only
 * standard ONNX operators and those of `com.microsoft`. Sizes other than the batch must be known.
 *
 * @throws {ModelError} if a type that a decomposition needs cannot be inferred
 */
export function expandForTraining(graph: Graph, options: DecompositionOptions = {}): Graph {
  const usable = options.winograd === false ? convolutions.filter((each) => each !== winograd) : convolutions;
  return decompose(graph, [...training, ...convDecompositions(usable)]);
}

/** Replaces FakeQuant by plain ONNX operators. */
export function expandForInference(graph: Graph): Graph {
  return decompose(graph, inference);
}
