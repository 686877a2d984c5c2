/**
 * @file Constants of Winograd F(2×2, 3×3) in integers (`assembly/winograd.ts` and `assembly/pack-winograd.ts` have the
 * transforms). Transformed activations lie within ±2a, where a is the largest code, at position (1, 1) within 0…4a. Kernels on
 * bytes add 2a to all but (1, 1); the products then contain 2a·ΣU, the same for every tile, which is taken out of the bias.
 */

/** Largest transformed activation, once shifted, in units of the largest activation. */
export const shiftedRange = 4;

/** Aᵀ, whose rows are the two outputs along an axis. */
const outputTransform = [
  [1, 1, 1, 0],
  [0, 1, -1, -1],
] as const;

/**
 * What a shift of the transformed activations adds to four times the convolution of one output channel, for each phase
 * (2·row + column): shift · Σ A[row][i] · A[column][j] · ΣU[i][j] over all positions but (1, 1).
 *
 * @param totals  ΣU of the channel's sixteen positions
 */
export function shiftTerms(totals: Int32Array, shift: number): number[] {
  return [0, 1, 2, 3].map((phase) => {
    let term = 0;
    for (let i = 0; i < 4; i++)
      for (let j = 0; j < 4; j++)
        if (i !== 1 || j !== 1)
          term += outputTransform[phase >> 1]![i]! * outputTransform[phase & 1]![j]! * totals[4 * i + j]!;
    return shift * term;
  });
}
