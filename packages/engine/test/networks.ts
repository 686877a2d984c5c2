/** @file A network that has every operator of the engine, at any bit width, for tests of files, kernels and whole runs. */

import type { Operator, Program, QuantizedTensor } from "../src/program/program.js";
import { program, type Random, randomWeights, tensor } from "./programs.js";

export interface EveryOperatorOptions {
  /** Bit width of weights and of the tensors between layers. */
  readonly bits: number;
  /** Whether it ends in a linear layer that yields the logits, else in a dequantized vector. */
  readonly linearLogits?: boolean;
}

/** Takes `[3, 8, 8]`, yields 10 logits. */
export function everyOperator(random: Random, { bits, linearLogits = true }: EveryOperatorOptions): Program {
  const highest = 2 ** bits - 1;
  const zeroPoint = () => random.integer(0, highest);
  const scale = () => Math.fround((0.02 + 0.04 * random.next()) * (255 / highest));
  const narrow = (name: string, shape: number[]) =>
    tensor(name, shape, { bits, scale: scale(), zeroPoint: zeroPoint() });
  const moved = (from: QuantizedTensor, name: string, shape: number[]): QuantizedTensor => ({ ...from, name, shape });
  const bias = (length: number) => Int32Array.from({ length }, () => random.integer(-200, 200));
  const range = { lo: 0, hi: highest };
  const plain = { strides: [1, 1], dilations: [1, 1], pads: [1, 1, 1, 1] } as const;

  const sum = narrow("sum", [4, 8, 8]);
  const mapped = narrow("mapped", [4, 4, 4]);
  const averaged = narrow("averaged", [8, 2, 2]);
  const tensors = [
    tensor("image", [3, 8, 8], { scale: Math.fround(0.0175), zeroPoint: 113 }),
    narrow("stem", [4, 8, 8]),
    tensor("wide", [4, 8, 8], { scale: Math.fround(0.031), zeroPoint: 3 }),
    narrow("block", [4, 8, 8]),
    sum,
    moved(sum, "pooled", [4, 4, 4]),
    mapped,
    moved(mapped, "sliced", [2, 4, 4]),
    moved(mapped, "padded", [4, 4, 4]),
    moved(mapped, "joined", [8, 4, 4]),
    moved(mapped, "turned", [8, 4, 4]),
    averaged,
    moved(averaged, "flat", [32]),
    narrow("hidden", [10]),
    narrow("squared", [10]),
  ];
  const operators: Operator[] = [
    {
      op: "conv",
      name: "stem",
      input: 0,
      output: 1,
      weights: randomWeights(random, [4, 3, 3, 3], bits),
      bias: bias(4),
      ...plain,
      groups: 1,
      ...range,
    },
    { op: "rescale", name: "widen", input: 1, output: 2, lo: 0, hi: 255 },
    {
      op: "conv",
      name: "block",
      input: 1,
      output: 3,
      weights: randomWeights(random, [4, 2, 3, 3], bits),
      bias: bias(4),
      ...plain,
      groups: 2,
      residual: { tensor: 2 },
      ...range,
    },
    { op: "add", name: "sum", inputs: [2, 3], output: 4, lo: 1, hi: highest },
    { op: "maxPool", name: "pool", input: 4, output: 5, kernel: [3, 3], ...plain, strides: [2, 2] },
    { op: "table", name: "map", input: 5, output: 6, table: random.bytes(2 ** bits, highest) },
    { op: "slice", name: "slice", input: 6, output: 7, starts: [1, 0, 0], steps: [2, 1, 1] },
    { op: "pad", name: "pad", input: 7, output: 8, before: [1, 0, 0], after: [1, 0, 0] },
    { op: "concat", name: "join", inputs: [6, 8], output: 9 },
    { op: "transpose", name: "turn", input: 9, output: 10, permutation: [0, 2, 1] },
    {
      op: "averagePool",
      name: "average",
      input: 10,
      output: 11,
      kernel: [3, 3],
      strides: [2, 2],
      pads: [1, 1, 1, 1],
      countIncludePad: true,
      ...range,
    },
    { op: "reshape", name: "flatten", input: 11, output: 12 },
    {
      op: "linear",
      name: "hidden",
      input: 12,
      output: 13,
      weights: randomWeights(random, [10, 32], bits),
      bias: bias(10),
      ...range,
    },
    { op: "multiply", name: "square", inputs: [13, 13], output: 14, lo: 0, hi: highest },
    linearLogits
      ? { op: "linear", name: "logits", input: 14, weights: randomWeights(random, [10, 10], bits), bias: bias(10) }
      : { op: "dequantize", name: "logits", input: 14 },
  ];
  const labels = Array.from({ length: 10 }, (_, i) => `class ${i}, “ü”`);
  return {
    ...program(tensors, operators),
    name: "every operator",
    labels,
    provenance: { command: "test", seed: 1, accuracy: { "test/all": 0.5 } },
  };
}

/** The smallest network: one pixel, two classes. Its file is in `golden/` and in `docs/sbq-format.md`. */
export function tinyNetwork(): Program {
  const operators: Operator[] = [
    { op: "reshape", name: "flatten", input: 0, output: 1 },
    {
      op: "linear",
      name: "fc",
      input: 1,
      weights: { bits: 3, shape: [2, 3], codes: Int8Array.of(1, -2, 3, -4, 0, 2), scales: Float32Array.of(0.5, 0.25) },
      bias: Int32Array.of(5, -6),
    },
  ];
  const x = tensor("x", [3, 1, 1], { bits: 4, scale: Math.fround(0.1), zeroPoint: 7 });
  return { ...program([x, { ...x, name: "flat", shape: [3] }], operators), name: "tiny", labels: ["no", "yes"] };
}
