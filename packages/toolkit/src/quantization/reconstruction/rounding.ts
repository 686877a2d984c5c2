/**
 * @file Learned rounding: each weight chooses between the two codes around it.
 *
 *   ŵ = s·clamp(⌊w/s₀⌋ + h(α), lowest code, highest code),   h(α) = clamp(1.2·σ(α) − 0.1, 0, 1)
 *
 * s₀ is the scale at the beginning, s the learned one. α starts at the value for which h is the fractional part, so training
 * begins with the float weights. A regularizer Σ(1 − |2h − 1|^β) drives h to 0 or 1; at the end α ≥ 0 rounds up.
 *
 * Source: Nagel et al. 2020, AdaRound, arXiv:2004.10568, eqs. 21–24 (ζ = 1.1, γ = −0.1).
 */

import { float32, type GraphBuilder, type Tensor } from "@subbyte/graph";
import { codeRange, type FakeQuant, quantizeValue } from "../fake-quant.js";

/** ζ − γ and γ. */
const STRETCH = 1.2;
const SHIFT = -0.1;
/** Least distance of fractional parts from 0 and 1, where h has no slope. */
const MARGIN = 0.01;
/** Added to |2h − 1| so that its logarithm is finite. */
const TINY = 1e-6;

/** Number of elements per output channel. */
const channelSize = (weights: Tensor): number => weights.data.length / weights.shape[0]!;

/** ⌊w/s⌋, in the shape of the weights. */
export function floorCodes(weights: Tensor, scales: Float32Array): Tensor {
  const size = channelSize(weights);
  const data = (weights.data as Float32Array).map((w, i) => Math.floor(w / scales[Math.floor(i / size)]!));
  return { ...weights, data };
}

/** The α at which h is the fractional part of w/s. */
export function initialRounding(weights: Tensor, scales: Float32Array): Tensor {
  const size = channelSize(weights);
  const data = (weights.data as Float32Array).map((w, i) => {
    const position = w / scales[Math.floor(i / size)]!;
    const fraction = Math.min(1 - MARGIN, Math.max(MARGIN, position - Math.floor(position)));
    return -Math.log(STRETCH / (fraction - SHIFT) - 1);
  });
  return { ...weights, data };
}

/** Appends h(α). */
export function softRounding(g: GraphBuilder, rounding: string): string {
  return g.op("HardSigmoid", [g.op("Sigmoid", [rounding])], { alpha: STRETCH, beta: SHIFT });
}

/** Σ(1 − |2h − 1|^β), a scalar; the power as exp(β·log), which runtimes vectorize. */
export function roundingPenalty(g: GraphBuilder, h: string, beta: string): string {
  const distance = g.op("Abs", [g.op("Sub", [g.op("Mul", [h, g.scalar(2)]), g.scalar(1)])]);
  const power = g.op("Exp", [g.op("Mul", [g.op("Log", [g.op("Add", [distance, g.scalar(TINY)])]), beta])]);
  return g.op("ReduceSum", [g.op("Sub", [g.scalar(1), power])], { keepdims: 0 });
}

/** Codes chosen by α ≥ 0. */
export function hardCodes(floors: Tensor, rounding: Tensor, grid: FakeQuant): Tensor {
  const { min, max } = codeRange(grid);
  const alpha = rounding.data as Float32Array;
  const data = (floors.data as Float32Array).map((floor, i) =>
    Math.min(max, Math.max(min, floor + (alpha[i]! >= 0 ? 1 : 0))),
  );
  return { ...floors, data };
}

/** Codes of nearest rounding. */
export function nearestCodes(weights: Tensor, scales: Float32Array, grid: FakeQuant): Tensor {
  const { min, max } = codeRange(grid);
  const size = channelSize(weights);
  const data = (weights.data as Float32Array).map((w, i) =>
    quantizeValue(w, scales[Math.floor(i / size)]!, 0, min, max),
  );
  return { ...weights, data };
}

/** The middle of each code's interval: code · scale, which quantizes to that code again. */
export function weightsOf(codes: Tensor, scales: Float32Array): Tensor {
  const size = channelSize(codes);
  return float32(
    (codes.data as Float32Array).map((code, i) => code * scales[Math.floor(i / size)]!),
    codes.shape,
  );
}
