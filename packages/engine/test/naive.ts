/** @file A second implementation of convolution that is as different as possible: BigInt sums straight from the definition. */

import type { ConvOperator } from "../src/operators/conv.js";
import type { Program } from "../src/program/program.js";

/** Exact accumulators `[O, H, W]` of a convolution over codes `[C, H, W]`, bias included. */
export function naiveSums(program: Program, op: ConvOperator, x: Uint8Array): bigint[] {
  const input = program.tensors[op.input]!;
  const [, height, width] = input.shape as [number, number, number];
  const [outputs, outHeight, outWidth] = program.tensors[op.output]!.shape as [number, number, number];
  const [, groupInputs, kh, kw] = op.weights.shape as [number, number, number, number];
  const sums: bigint[] = [];
  for (let o = 0; o < outputs; o++) {
    const group = Math.floor(o / (outputs / op.groups));
    for (let y = 0; y < outHeight; y++)
      for (let xx = 0; xx < outWidth; xx++) {
        let sum = BigInt(op.bias[o]!);
        for (let c = 0; c < groupInputs; c++)
          for (let i = 0; i < kh; i++)
            for (let j = 0; j < kw; j++) {
              const row = y * op.strides[0] - op.pads[0] + i * op.dilations[0];
              const column = xx * op.strides[1] - op.pads[1] + j * op.dilations[1];
              if (row < 0 || row >= height || column < 0 || column >= width) continue;
              const code = x[((group * groupInputs + c) * height + row) * width + column]!;
              const weight = op.weights.codes[((o * groupInputs + c) * kh + i) * kw + j]!;
              sum += BigInt(weight) * BigInt(code - input.zeroPoint);
            }
        sums.push(sum);
      }
  }
  return sums;
}

/** Round half to even of any double, by comparing the distances to both neighbours. */
export function naiveRound(v: number): number {
  const below = Math.floor(v);
  const distance = v - below;
  if (distance < 0.5) return below;
  if (distance > 0.5) return below + 1;
  return below % 2 === 0 ? below : below + 1;
}
