/**
 * @file The factor and offset by which a BatchNormalization, or an operation with a constant, changes each channel,
 * in float64.
 */

import type { Node, Tensor } from "../ir/types.js";
import { numbersOf } from "../operators/support/values.js";

/** y = factor[c]·x + offset[c] */
export interface ChannelAffine {
  readonly factor: Float64Array;
  readonly offset: Float64Array;
}

/** ONNX's default for epsilon. */
const EPSILON = 1e-5;

/**
 * A BatchNormalization in inference form: factor γ / √(σ² + ε), offset β − factor·μ.
 * @param parameters γ, β, μ and σ²
 */
export function batchNormAffine({ attributes }: Node, parameters: readonly Tensor[]): ChannelAffine {
  const epsilon = (attributes.epsilon as number | undefined) ?? EPSILON;
  const [gamma, beta, mean, variance] = parameters.map(numbersOf);
  const factor = Float64Array.from(variance!, (value, c) => gamma![c]! / Math.sqrt(value + epsilon));
  return { factor, offset: Float64Array.from(factor, (k, c) => beta![c]! - k * mean![c]!) };
}

/**
 * The affine function of Add, Sub, Mul or Div with a constant as second operand (or as first, if the order does not matter).
 *
 * @param behind number of axes after the channel axis
 * @returns undefined if the constant is not one number per channel
 */
export function constantAffine(
  op: string,
  operand: Tensor,
  channels: number,
  behind: number,
): ChannelAffine | undefined {
  const values = channelVector(operand, channels, behind);
  if (!values) return undefined;
  const ones = values.map(() => 1);
  const zeros = values.map(() => 0);
  switch (op) {
    case "Mul":
      return { factor: values, offset: zeros };
    case "Div":
      return { factor: values.map((value) => 1 / value), offset: zeros };
    case "Add":
      return { factor: ones, offset: values };
    case "Sub":
      return { factor: ones, offset: values.map((value) => -value) };
    default:
      return undefined;
  }
}

/** The operand as one number per channel; undefined if it varies along other axes. */
export function channelVector(operand: Tensor, channels: number, behind: number): Float64Array | undefined {
  const values = numbersOf(operand);
  if (operand.shape.length > behind + 2) return undefined;
  if (values.length === 1) return new Float64Array(channels).fill(values[0]!);
  const axis = operand.shape.length - 1 - behind;
  return values.length === channels && operand.shape[axis] === channels ? Float64Array.from(values) : undefined;
}
