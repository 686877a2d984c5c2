/** @file Bit widths as a name. */

/** `w4a8` for 4-bit weights and 8-bit activations; `w4a4` if both have 4 bits. */
export const bitsName = (weights: number, activations = weights): string => `w${weights}a${activations}`;
