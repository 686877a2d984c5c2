/**
 * @file Decompositions: from operators of ours to the ONNX ones (and a contributed one of ONNX Runtime, FusedMatMul) that
 * compute them right and fast. Which is fastest was measured on ONNX Runtime's CPU kernels; all are plain graphs.
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
  /** Minimal filtering for 3×3 convolutions where it pays; true by default. */
  readonly winograd?: boolean;
}

/**
 * Replaces every operator of ours in a graph with gradients, and convolutions that have a faster decomposition. The result
 * holds standard ONNX operators and `com.microsoft` ones only. Sizes other than the batch must be known.
 *
 * @throws {ModelError} where a type that a decomposition needs cannot be inferred
 */
export function expandForTraining(graph: Graph, options: DecompositionOptions = {}): Graph {
  const usable = options.winograd === false ? convolutions.filter((each) => each !== winograd) : convolutions;
  return decompose(graph, [...training, ...convDecompositions(usable)]);
}

/** Replaces FakeQuant by plain ONNX operators. */
export function expandForInference(graph: Graph): Graph {
  return decompose(graph, inference);
}
