/** @file Convolutions and linear layers. */

import type { OperatorNamed } from "@subbyte/engine";
import { float32, type GraphBuilder } from "@subbyte/graph";
import type { Simulation } from "../simulation.js";
import type { OnnxForm } from "./form.js";

/** Below this limit, every sum of integers is exact in float32. */
const exact = 2 ** 24;

const convAttributes = ({ strides, pads, dilations, groups, weights }: OperatorNamed<"conv">) => ({
  strides,
  pads,
  dilations,
  group: groups,
  kernel_shape: weights.shape.slice(2),
});

export const conv: OnnxForm<OperatorNamed<"conv">> = {
  lift(lifting, operator) {
    const { b } = lifting;
    const { name, residual } = operator;
    const inputs = lifting.layerInputs(name, operator.input, operator.weights, operator.bias);
    let value = b.op("Conv", inputs, convAttributes(operator), { name });
    if (residual) value = b.op("Add", [value, lifting.read(residual.tensor)], {}, { name: b.free(`${name}/add`) });
    lifting.store(value, operator.output, operator);
  },

  simulate(simulation, operator) {
    const { b } = simulation;
    const { weights, input, output, residual } = operator;
    const data = simulation.centred(input);
    const product = (codes: string) => b.op("Conv", [data, codes], convAttributes(operator));
    let value = scaledSum(simulation, operator, product, [1, weights.shape[0]!, 1, 1]);
    if (residual) value = b.op("Add", [value, simulation.scaled(residual.tensor, output)]);
    simulation.requantize(value, output, operator);
  },
};

export const linear: OnnxForm<OperatorNamed<"linear">> = {
  lift(lifting, { name, input, weights, bias, output, lo, hi }) {
    const value = lifting.b.op("Gemm", lifting.layerInputs(name, input, weights, bias), { transB: 1 }, { name });
    if (output === undefined) lifting.b.output(value);
    else lifting.store(value, output, { lo: lo!, hi: hi! });
  },

  simulate(simulation, operator) {
    const { b } = simulation;
    const { weights, input, output, lo, hi } = operator;
    const data = simulation.centred(input);
    const product = (codes: string) => b.op("Gemm", [data, codes], { transB: 1 });
    const inDoubles = () => sumInDoubles(b, data, operator);
    const value = scaledSum(simulation, operator, product, [1, weights.shape[0]!], inDoubles);
    if (output === undefined) b.output(value);
    else simulation.requantize(value, output, { lo: lo!, hi: hi! });
  },
};

/**
 * fround(fround(sum + bias)·m[c]).
 *
 * If a sum may reach 2^24, the weights are split, w = 16·h + l: the sums of both parts and 16 times the first are exact, and
 * the addition that joins them rounds once, as the engine does. If even the sums of the parts may reach it, as in linear layers
 * with 25,088 inputs, `inDoubles` is used, if there is one.
 */
function scaledSum(
  simulation: Simulation,
  operator: OperatorNamed<"conv" | "linear">,
  product: (codes: string) => string,
  perChannel: readonly number[],
  inDoubles?: () => string,
): string {
  const { b } = simulation;
  const { name, weights, bias, input, output } = operator;
  const from = simulation.tensor(input);
  const largest = Math.max(from.zeroPoint, 2 ** from.bits - 1 - from.zeroPoint);
  /** Whether products, partial sums and (with `more` added per channel) the sums stay below 2^24. */
  const isExact = (codes: Int8Array, more?: Int32Array) =>
    absoluteSums(codes, bias.length).every((sum, c) => sum * largest + Math.abs(more?.[c] ?? 0) < exact);
  const outputScale = output === undefined ? 1 : simulation.tensor(output).scale;
  const multipliers = Float32Array.from(weights.scales, (scale) => Math.fround(from.scale * scale) / outputScale);
  const sumOf = (codes: ArrayLike<number>) => product(b.constant(float32(Float32Array.from(codes), weights.shape)));
  const withBias = (sum: string) => b.op("Add", [sum, b.constant(float32(Float32Array.from(bias), perChannel))]);
  let accumulated: string;
  if (isExact(weights.codes) && bias.every((code) => Math.abs(code) < exact)) {
    accumulated = withBias(sumOf(weights.codes));
  } else {
    const high = weights.codes.map((code) => Math.round(code / PART));
    const low = weights.codes.map((code, i) => code - PART * high[i]!);
    const isProved = isExact(high) && isExact(low, bias);
    if (!isProved && !inDoubles) simulation.unproved.push(name);
    accumulated =
      isProved || !inDoubles
        ? b.op("Add", [b.op("Mul", [sumOf(high), b.scalar(PART)]), withBias(sumOf(low))])
        : inDoubles();
  }
  return b.op("Mul", [accumulated, b.constant(float32(multipliers, perChannel))]);
}

/**
 * fround(sum + bias) of a linear layer, in float64, which is exact for every such sum. ONNX Runtime has no float64 convolution.
 */
function sumInDoubles(b: GraphBuilder, data: string, { weights, bias }: OperatorNamed<"linear">): string {
  const constant = (values: ArrayLike<number>, shape: readonly number[]) =>
    b.constant({ dtype: "float64", shape, data: Float64Array.from(values) });
  const inputs = [b.op("Cast", [data], { to: DOUBLE }), constant(weights.codes, weights.shape)];
  const sum = b.op("Gemm", [...inputs, constant(bias, [bias.length])], { transB: 1 });
  return b.op("Cast", [sum], { to: FLOAT });
}

/** Element types of ONNX. */
const [FLOAT, DOUBLE] = [1, 11];

/** Both parts of an 8-bit weight lie within ±8. */
const PART = 16;

/** Σ|w| of each channel. */
function absoluteSums(codes: Int8Array, channels: number): readonly number[] {
  const size = codes.length / channels;
  return Array.from({ length: channels }, (_, c) => {
    let sum = 0;
    for (let i = c * size; i < (c + 1) * size; i++) sum += Math.abs(codes[i]!);
    return sum;
  });
}
