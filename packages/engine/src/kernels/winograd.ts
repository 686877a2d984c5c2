/**
 * @file Filters of Winograd F(2×2, 3×3) in integers: U = G·g·Gᵀ with G doubled, [2 0 0; 1 1 1; 1 −1 1; 0 0 2], so that the
 * result is exactly four times the convolution (`assembly/winograd.ts` has the other two transforms).
 *
 * Transformed activations lie within ±2a, where a is the largest code, at position (1, 1) within 0…4a. Kernels on bytes add 2a to all
 * but (1, 1); the products then contain 2a·ΣU, which is the same for every tile and is taken out of the bias.
 */

import { stepBytes } from "./pack.js";
import { roundUp } from "./placement.js";
import type { Filter } from "./window.js";

/** Largest transformed activation, once shifted, in units of the largest activation. */
export const shiftedRange = 4;

/** U of every filter, int16[outputs][16 positions][inputs]. */
export function transformFilters({ outputs, inputs, codes }: Filter): Int16Array {
  const transformed = new Int16Array(outputs * 16 * inputs);
  const rows = new Int32Array(12);
  for (let output = 0; output < outputs; output++)
    for (let input = 0; input < inputs; input++) {
      const g = (output * inputs + input) * 9;
      for (let x = 0; x < 3; x++) {
        const a = codes[g + x]!;
        const b = codes[g + 3 + x]!;
        const c = codes[g + 6 + x]!;
        rows[x] = 2 * a;
        rows[3 + x] = a + b + c;
        rows[6 + x] = a - b + c;
        rows[9 + x] = 2 * c;
      }
      for (let y = 0; y < 4; y++) {
        const a = rows[3 * y]!;
        const b = rows[3 * y + 1]!;
        const c = rows[3 * y + 2]!;
        const u = (output * 16 + 4 * y) * inputs + input;
        transformed[u] = 2 * a;
        transformed[u + inputs] = a + b + c;
        transformed[u + 2 * inputs] = a - b + c;
        transformed[u + 3 * inputs] = 2 * c;
      }
    }
  return transformed;
}

/** Whether every U is a signed byte. */
export function fitsBytes(transformed: Int16Array): boolean {
  for (const u of transformed) if (u < -128 || u > 127) return false;
  return true;
}

/**
 * [blocks][16 positions][steps][2 vectors][4 channels][bytes or int16], as the inner loop reads them.
 * @param elements  inputs that one step covers: 4 bytes or 2 int16
 */
export function packTransformed<T extends Int8Array | Int16Array>(
  transformed: Int16Array,
  { outputs, inputs }: Filter,
  elements: 2 | 4,
  make: (length: number) => T,
): T {
  const steps = Math.ceil(inputs / elements);
  const width = (stepBytes * elements) / 4;
  const packed = make((roundUp(outputs, 8) / 8) * 16 * steps * width);
  for (let output = 0; output < outputs; output++)
    for (let position = 0; position < 16; position++) {
      const from = (output * 16 + position) * inputs;
      const to = ((output >> 3) * 16 + position) * steps * width + (output & 7) * elements;
      for (let input = 0; input < inputs; input++) {
        const step = Math.floor(input / elements);
        packed[to + step * width + (input % elements)] = transformed[from + input]!;
      }
    }
  return packed;
}

/** Aᵀ, whose rows are the two outputs along an axis. */
const outputTransform = [
  [1, 1, 1, 0],
  [0, 1, -1, -1],
] as const;

/**
 * What a shift of the transformed activations adds to four times the convolution, for each phase (2·row + column):
 * shift · Σ A[row][i] · A[column][j] · ΣU[i][j] over all positions but (1, 1).
 */
export function shiftTerms(transformed: Int16Array, output: number, inputs: number, shift: number): number[] {
  const totals = Array.from({ length: 16 }, (_, position) => {
    let total = 0;
    const from = (output * 16 + position) * inputs;
    for (let input = 0; input < inputs; input++) total += transformed[from + input]!;
    return total;
  });
  return [0, 1, 2, 3].map((phase) => {
    let term = 0;
    for (let i = 0; i < 4; i++)
      for (let j = 0; j < 4; j++)
        if (i !== 1 || j !== 1)
          term += outputTransform[phase >> 1]![i]! * outputTransform[phase & 1]![j]! * totals[4 * i + j]!;
    return shift * term;
  });
}
