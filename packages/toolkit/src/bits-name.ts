/** @file Bit widths as a name. */

/** `w4a8` for 4-bit weights and 8-bit activations, `w4a4` where one bit width is for both. */
export const bitsName = (weights: number, activations = weights): string => `w${weights}a${activations}`;
