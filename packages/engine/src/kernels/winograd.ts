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

/** Position (1, 1), whose transformed activations are never negative and stay as they are. */
export const unshifted = 5;

/**
 * Aᵀ·M·A of constant products: what they add to four times the convolution at each phase (2·row + column).
 * @param product  M at one of the sixteen positions (4·row + column)
 */
export function transformSums(product: (position: number) => number): number[] {
  const products = Array.from({ length: 16 }, (_, position) => product(position));
  return [0, 1, 2, 3].map((phase) => {
    const [rows, columns] = [outputTransform[phase >> 1]!, outputTransform[phase & 1]!];
    return products.reduce((sum, m, position) => sum + rows[position >> 2]! * columns[position & 3]! * m, 0);
  });
}
