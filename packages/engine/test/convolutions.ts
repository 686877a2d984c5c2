/**
 * @file Programs around one convolution: image → head (which spreads codes over all codes of the input's bit width) → the
 * convolution under test → logits. Its output scale is set from its own sums, so that outputs are neither constant nor
 * saturated.
 */

import type { ConvOperator } from "../src/operators/conv.js";
import type { Operator, Program, QuantizedTensor } from "../src/program/program.js";
import { createReference } from "../src/reference/reference.js";
import { program as makeProgram, Random, randomWeights, tensor } from "./programs.js";

export interface ConvCase {
  readonly label: string;
  readonly input: readonly [number, number, number];
  readonly outputs: number;
  readonly kernel?: readonly [number, number];
  readonly strides?: readonly [number, number];
  readonly pads?: readonly [number, number, number, number];
  readonly dilations?: readonly [number, number];
  readonly groups?: number;
  /** Whether a dense convolution reads the input, too, so that it is stored as int16 without relaxed SIMD. */
  readonly beside?: boolean;
}

/** Uniform codes, bell-shaped ones as in trained networks (flush intervals are long), or extreme ones. */
export type Fill = "random" | "bell" | "high" | "low" | "alternating";

export interface ConvOptions {
  readonly weightBits: number;
  readonly activationBits: number;
  readonly fill: Fill;
  readonly zeroPoint: number;
  /**
   * Whether a second convolution adds the output of the first and is rescaled to the activations' bit width, which the engine
   * fuses.
   */
  readonly withResidual: boolean;
}

export function convProgram(c: ConvCase, options: ConvOptions): Program {
  const { weightBits, activationBits, fill, zeroPoint, withResidual } = options;
  const random = new Random(c.input[0] * 1009 + c.outputs * 31 + weightBits * 7 + activationBits);
  const kernel = c.kernel ?? [1, 1];
  const geometry = {
    strides: c.strides ?? [1, 1],
    pads: c.pads ?? [0, 0, 0, 0],
    dilations: c.dilations ?? [1, 1],
    groups: c.groups ?? 1,
  } as const;
  const [channels, height, width] = c.input;
  const size = (axis: 0 | 1): number => {
    const extent = geometry.dilations[axis] * (kernel[axis] - 1) + 1;
    return (
      Math.floor(
        (c.input[axis + 1]! + geometry.pads[axis] + geometry.pads[axis + 2]! - extent) / geometry.strides[axis],
      ) + 1
    );
  };
  const shape = [c.outputs, size(0), size(1)];
  const highest = 2 ** activationBits - 1;

  const tensors: QuantizedTensor[] = [tensor("image", [3, height, width])];
  const operators: Operator[] = [];
  const add = (t: QuantizedTensor) => tensors.push(t) - 1;
  const head: ConvOperator = {
    op: "conv",
    name: "head",
    input: 0,
    output: add(tensor("x", c.input, { bits: activationBits, scale: Math.fround(0.02 * (255 / highest)), zeroPoint })),
    weights: randomWeights(random, [channels, 3, 1, 1], 8),
    bias: Int32Array.from({ length: channels }, () => random.integer(-2000, 9000)),
    strides: [1, 1],
    pads: [0, 0, 0, 0],
    dilations: [1, 1],
    groups: 1,
    lo: 0,
    hi: highest,
  };
  const weights = randomWeights(random, [c.outputs, channels / geometry.groups, ...kernel], weightBits);
  fillCodes(weights.codes, weightBits, fill, random);
  operators.push(head);
  const outputBits = withResidual ? 8 : activationBits;
  const outputHighest = 2 ** outputBits - 1;
  const tested = (name: string, output: number): ConvOperator => ({
    ...head,
    ...geometry,
    name,
    input: head.output,
    output,
    weights: { ...weights, scales: weights.scales.map(() => 0.01 * (0.9 + 0.2 * random.next())) },
    bias: Int32Array.from({ length: c.outputs }, () => random.integer(-50, 50)),
    lo: random.integer(0, 1),
    hi: outputHighest - random.integer(0, 1),
  });

  const y = add(tensor("y", shape, { bits: outputBits }));
  const conv = tested("tested", y);
  const quantization = { bits: outputBits, ...fitRange(tensors, [head], conv, outputHighest) };
  tensors[y] = { ...tensors[y]!, ...quantization };
  operators.push(conv);
  let last = y;
  if (withResidual) {
    const scale = Math.fround(quantization.scale * 1.7);
    last = add(tensor("sum", shape, { ...quantization, scale }));
    operators.push({ ...tested("with residual", last), residual: { tensor: y } });
    const copyScale = Math.fround(scale * (outputHighest / highest));
    const copyZero = Math.round(quantization.zeroPoint * (highest / outputHighest));
    const copy = add(tensor("copy", shape, { bits: activationBits, scale: copyScale, zeroPoint: copyZero }));
    operators.push({ op: "rescale", name: "copy", input: last, output: copy, lo: 0, hi: highest });
    const both = add(tensor("both", shape, { ...quantization, scale: Math.fround(scale * 2) }));
    operators.push({ op: "add", name: "both", inputs: [last, copy], output: both, lo: 0, hi: outputHighest });
    last = both;
  }
  if (c.beside === true)
    operators.push({
      ...head,
      name: "beside",
      input: head.output,
      output: add(tensor("beside", [1, height, width], { bits: activationBits })),
      weights: randomWeights(random, [1, channels, 1, 1], 8),
      bias: new Int32Array(1),
    });
  const flat = add({ ...tensors[last]!, name: "flat", shape: [shape.reduce((product, n) => product * n, 1)] });
  operators.push({ op: "reshape", name: "flat", input: last, output: flat });
  operators.push({ op: "dequantize", name: "logits", input: flat });
  return makeProgram(tensors, operators);
}

/** Fills an array with codes of the bit width. */
export function fillCodes(codes: Int8Array, bits: number, fill: Fill, random: Random): void {
  const highest = 2 ** (bits - 1) - 1;
  for (let i = 0; i < codes.length; i++) {
    if (fill === "bell") codes[i] = Math.round(((random.next() + random.next() + random.next() - 1.5) / 1.5) * highest);
    else if (fill === "high") codes[i] = highest;
    else if (fill === "low") codes[i] = -highest - 1;
    else if (fill === "alternating") codes[i] = i % 2 === 0 ? highest : -highest;
  }
}

/** Scale and zero point that spread the outputs of `conv`, on one random image, over all codes. */
function fitRange(
  tensors: readonly QuantizedTensor[],
  before: readonly Operator[],
  conv: ConvOperator,
  highest: number,
) {
  const flat = {
    ...tensors[conv.output]!,
    name: "flat",
    shape: [tensors[conv.output]!.shape.reduce((p, n) => p * n, 1)],
  };
  const wide = { ...flat, bits: 8 };
  /** Values of the outputs, with a scale so coarse that none is clipped. */
  const measure = (scale: number): Float32Array => {
    const program = makeProgram(
      [
        ...tensors.map((t, id) => (id === conv.output ? { ...t, bits: 8, scale, zeroPoint: 128 } : t)),
        { ...wide, scale, zeroPoint: 128 },
      ],
      [
        ...before,
        { ...conv, lo: 0, hi: 255 },
        { op: "reshape", name: "flat", input: conv.output, output: tensors.length },
        { op: "dequantize", name: "logits", input: tensors.length },
      ],
    );
    const [channels, height, width] = tensors[0]!.shape as [number, number, number];
    return createReference(program).run(new Random(1).bytes(channels * height * width));
  };
  let scale = 0.5;
  let values = measure(scale);
  for (; scale > 1e-6 && values.every((v) => Math.abs(v) < 30 * scale); values = measure(scale)) scale /= 4;
  for (; values.some((v) => Math.abs(v) >= 126 * scale); values = measure(scale)) scale *= 4;
  const lowest = Math.min(0, ...values);
  const range = Math.max(1e-6, Math.max(0, ...values) - lowest);
  return { scale: Math.fround(range / highest), zeroPoint: Math.round((-lowest / range) * highest) };
}
