/**
 * @file Constants of Winograd F(2×2, 3×3) in integers (`assembly/winograd.ts` and `assembly/pack-winograd.ts` have the
 * transforms). Transformed activations lie within ±2a, where a is the largest code, except at position (1, 1), where
 * they lie within 0…4a. Kernels on bytes add 2a to all others; the products then contain 2a·ΣU, which is the same for
 * every tile and is subtracted from the bias.
 */

/** Largest transformed activation after the shift, in units of the largest activation. */
export const shiftedRange = 4;

/** Position (1, 1), whose transformed activations are never negative and are not shifted. */
export const unshifted = 5;

/** Aᵀ, whose rows are the two outputs along an axis. */
const outputTransform = [
  [1, 1, 1, 0],
  [0, 1, -1, -1],
] as const;

/** Factor of each of the sixteen positions (4·row + column) in each phase (2·row + column), [phase][position]. */
const phaseFactors = Int32Array.from({ length: 64 }, (_, i) => {
  const [phase, position] = [i >> 4, i & 15];
  return outputTransform[phase >> 1]![position >> 2]! * outputTransform[phase & 1]![position & 3]!;
});

/** Aᵀ·M·A at one phase, for constant products; `product` returns M at a position. */
export function phaseSum(phase: number, product: (position: number) => number): number {
  let sum = 0;
  for (let position = 0; position < 16; position++) {
    const factor = phaseFactors[16 * phase + position]!;
    if (factor !== 0) sum += factor * product(position);
  }
  return sum;
}
