/** @file Convolutions and linear layers. */

import type { OperatorNamed } from "@subbyte/engine";
import { float32 } from "@subbyte/graph";
import type { Simulation } from "../simulation.js";
import type { OnnxForm } from "./form.js";

/** Below it every sum of integers is exact in float32. */
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
    if (residual) value = b.op("Add", [value, lifting.read(residual.tensor)], {}, { name: `${name}/add` });
    lifting.store(value, operator.output, operator);
  },

  simulate(simulation, operator) {
    const { b } = simulation;
    const { name, weights, input, output, residual } = operator;
    const codes = b.constant(float32(Float32Array.from(weights.codes), weights.shape));
    const sum = b.op("Conv", [simulation.centred(input), codes], convAttributes(operator), { name });
    let value = scaledSum(simulation, operator, sum, [1, weights.shape[0]!, 1, 1]);
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
    const { name, weights, input, output, lo, hi } = operator;
    const codes = b.constant(float32(Float32Array.from(weights.codes), weights.shape));
    const sum = b.op("Gemm", [simulation.centred(input), codes], { transB: 1 }, { name });
    const value = scaledSum(simulation, operator, sum, [1, weights.shape[0]!]);
    if (output === undefined) b.output(value);
    else simulation.requantize(value, output, { lo: lo!, hi: hi! });
  },
};

/** fround(fround(sum + bias)·m[c]). */
function scaledSum(
  simulation: Simulation,
  operator: OperatorNamed<"conv" | "linear">,
  sum: string,
  perChannel: readonly number[],
): string {
  const { b } = simulation;
  const { name, weights, bias, input, output } = operator;
  const from = simulation.tensor(input);
  if (!isExact(weights.codes, bias, Math.max(from.zeroPoint, 2 ** from.bits - 1 - from.zeroPoint)))
    simulation.unproved.push(name);
  const outputScale = output === undefined ? 1 : simulation.tensor(output).scale;
  const multipliers = Float32Array.from(weights.scales, (scale) => Math.fround(from.scale * scale) / outputScale);
  const accumulated = b.op("Add", [sum, b.constant(float32(Float32Array.from(bias), perChannel))]);
  return b.op("Mul", [accumulated, b.constant(float32(multipliers, perChannel))]);
}

/** Σ|w|·max|x − z| and the bias code below 2^24 in every channel: products, partial sums and both operands of the last addition are exact. */
function isExact(codes: Int8Array, bias: Int32Array, largest: number): boolean {
  const size = codes.length / bias.length;
  return bias.every((code, c) => {
    let sum = 0;
    for (let i = c * size; i < (c + 1) * size; i++) sum += Math.abs(codes[i]!);
    return sum * largest < exact && Math.abs(code) < exact;
  });
}
