import { describe, expect, test } from "vitest";
import { naiveRound, naiveSums } from "../../test/naive.js";
import { program, Random, randomWeights, tensor } from "../../test/programs.js";
import type { ConvOperator, Program } from "../program/program.js";
import { createReference } from "../reference/reference.js";
import { prepareSums } from "./accumulate.js";
import { Scratch } from "./definition.js";

interface Case {
  readonly label: string;
  readonly input: readonly [number, number, number];
  readonly outputs: number;
  readonly kernel: readonly [number, number];
  readonly strides?: readonly [number, number];
  readonly pads?: readonly [number, number, number, number];
  readonly dilations?: readonly [number, number];
  readonly groups?: number;
}

const cases: readonly Case[] = [
  { label: "3×3 same", input: [3, 7, 9], outputs: 8, kernel: [3, 3], pads: [1, 1, 1, 1] },
  { label: "1×1", input: [3, 5, 5], outputs: 7, kernel: [1, 1] },
  { label: "one pixel", input: [1, 3, 3], outputs: 1, kernel: [3, 3] },
  { label: "7×7 stride 2", input: [3, 17, 15], outputs: 5, kernel: [7, 7], strides: [2, 2], pads: [3, 3, 3, 3] },
  {
    label: "uneven pads and strides",
    input: [3, 11, 8],
    outputs: 6,
    kernel: [2, 4],
    strides: [3, 1],
    pads: [0, 2, 1, 3],
  },
  { label: "dilated", input: [1, 13, 13], outputs: 9, kernel: [3, 3], dilations: [2, 3], pads: [2, 3, 2, 3] },
  { label: "grouped", input: [3, 6, 6], outputs: 9, kernel: [3, 3], groups: 3, pads: [1, 1, 1, 1] },
  { label: "depthwise", input: [3, 9, 5], outputs: 3, kernel: [3, 3], groups: 3, strides: [2, 1], pads: [1, 1, 1, 1] },
];

function convProgram(c: Case, bits: number, zeroPoint: number, seed: number, withResidual = false): Program {
  const random = new Random(seed);
  const strides = c.strides ?? [1, 1];
  const pads = c.pads ?? [0, 0, 0, 0];
  const dilations = c.dilations ?? [1, 1];
  const groups = c.groups ?? 1;
  const size = (axis: 0 | 1) =>
    Math.floor(
      (c.input[axis + 1]! + pads[axis] + pads[axis + 2]! - dilations[axis] * (c.kernel[axis] - 1) - 1) / strides[axis],
    ) + 1;
  const shape = [c.outputs, size(0), size(1)];
  const flat = shape.reduce((product, n) => product * n, 1);
  const highest = 2 ** bits - 1;
  const quantization = { bits, scale: Math.fround(0.03 * (255 / highest)), zeroPoint: random.integer(0, highest) };
  const weights = randomWeights(random, [c.outputs, c.input[0] / groups, ...c.kernel], bits);
  const op: ConvOperator = {
    op: "conv",
    name: "conv",
    input: 0,
    output: 1,
    weights,
    bias: Int32Array.from({ length: c.outputs }, () => random.integer(-500, 500)),
    strides,
    pads,
    dilations,
    groups,
    lo: 0,
    hi: highest,
  };
  const map = tensor("y", shape, quantization);
  const tensors = [tensor("x", c.input, { bits, scale: Math.fround(0.02), zeroPoint }), map];
  // With a residual, the first convolution's output is added to a second convolution of the same input.
  const second: ConvOperator = {
    ...op,
    name: "second",
    output: 2,
    bias: op.bias.map((b) => -b),
    residual: { tensor: 1 },
  };
  if (withResidual) tensors.push(tensor("sum", shape, { ...quantization, scale: Math.fround(0.041) }));
  const from = tensors.length - 1;
  tensors.push({ ...tensors[from]!, name: "flat", shape: [flat] });
  return program(tensors, [
    op,
    ...(withResidual ? [second] : []),
    { op: "reshape", name: "flatten", input: from, output: from + 1 },
    { op: "dequantize", name: "logits", input: from + 1 },
  ]);
}

/** Runs it and returns the codes of every operator. */
function traceCodes(p: Program, x: Uint8Array): Uint8Array[] {
  const codes: Uint8Array[] = [];
  createReference(p, { trace: (_, __, result) => result instanceof Uint8Array && codes.push(result) }).runCodes(x);
  return codes;
}

const f = Math.fround;
const clamp = (v: number, lo: number, hi: number) => Math.min(Math.max(v, lo), hi);

describe("convolution equals sums in BigInt and rule 5 written out", () => {
  for (const c of cases)
    for (const bits of [2, 3, 4, 5, 6, 7, 8])
      for (const zeroPoint of [0, 1, 2 ** bits - 1])
        test(`${c.label}, ${bits} bits, zero point ${zeroPoint}`, () => {
          const p = convProgram(c, bits, zeroPoint, bits * 31 + zeroPoint);
          const x = new Random(bits).bytes(c.input[0] * c.input[1] * c.input[2], 2 ** bits - 1);
          const op = p.operators[0] as ConvOperator;
          const [input, output] = p.tensors;
          const pixels = output!.shape[1]! * output!.shape[2]!;
          const expected = naiveSums(p, op, x).map((sum, i) => {
            const m = f(f(input!.scale * op.weights.scales[Math.floor(i / pixels)]!) / output!.scale);
            return clamp(naiveRound(f(f(Number(sum)) * m)) + output!.zeroPoint, op.lo, op.hi);
          });
          expect([...traceCodes(p, x)[0]!]).toEqual(expected);
        });
});

describe("fused residual equals rule 6 written out", () => {
  for (const c of cases.slice(0, 4))
    for (const bits of [2, 4, 8])
      test(`${c.label}, ${bits} bits`, () => {
        const p = convProgram(c, bits, 1, bits, true);
        const x = new Random(bits + 7).bytes(c.input[0] * c.input[1] * c.input[2], 2 ** bits - 1);
        const op = p.operators[1] as ConvOperator;
        const [input, residual, output] = p.tensors;
        const [r, y] = traceCodes(p, x);
        const pixels = output!.shape[1]! * output!.shape[2]!;
        const residualMultiplier = f(residual!.scale / output!.scale);
        const expected = naiveSums(p, op, x).map((sum, i) => {
          const m = f(f(input!.scale * op.weights.scales[Math.floor(i / pixels)]!) / output!.scale);
          const addend = f(f(r![i]! - residual!.zeroPoint) * residualMultiplier);
          return clamp(naiveRound(f(f(f(Number(sum)) * m) + addend)) + output!.zeroPoint, op.lo, op.hi);
        });
        expect([...y!]).toEqual(expected);
      });
});

describe("two channels share a lane only while no sum can reach 2^25", () => {
  // Σ|w| · 255 is 33,550,860 with 1,036 taps of 127, just below 2^25 = 33,554,432, and above it with 1,037.
  for (const taps of [1036, 1037])
    for (const sign of [1, -1])
      test(`${taps} taps, sign ${sign}`, () => {
        const signs = [sign, -sign, sign, sign];
        const op: ConvOperator = {
          ...(convProgram(cases[1]!, 8, 0, 1).operators[0] as ConvOperator),
          weights: {
            bits: 8,
            shape: [4, taps, 1, 1],
            codes: Int8Array.from({ length: 4 * taps }, (_, k) => 127 * signs[Math.floor(k / taps)]!),
            scales: new Float32Array(4).fill(1),
          },
          bias: new Int32Array([0, 1, -1, 7]),
        };
        const scratch = new Scratch();
        const x = new Uint8Array(taps * 5).fill(255);
        const found: number[] = [];
        prepareSums(
          op,
          tensor("x", [taps, 1, 5]),
          tensor("y", [4, 1, 5]),
          x,
          scratch,
        )((_, count, sums) => {
          found.push(...sums.subarray(0, count * 5));
        });
        const expected = signs.flatMap((s, o) => new Array(5).fill(s * 127 * 255 * taps + op.bias[o]!));
        expect(found).toEqual(expected);
      });
});
