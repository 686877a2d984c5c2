/** @file Rounds a filter to a coarser grid, to show what is left of it at fewer bits. */

export interface Requantized {
  readonly values: Float32Array;
  /** Power of the filter divided by power of the rounding error, in dB; infinite if nothing was lost. */
  readonly signalToNoise: number;
}

/**
 * Rounds symmetrically to 2^bits − 1 levels, of which the outermost is the largest magnitude; with 2 bits they are −1, 0
 * and 1 steps. This is plain rounding; `subbyte quantize` chooses better scales.
 *
 * @param bits  2 … 8
 */
export function requantize(weights: Float32Array, bits: number): Requantized {
  const largest = weights.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0);
  const scale = largest / (2 ** (bits - 1) - 1);
  const values = weights.map((weight) => (scale === 0 ? 0 : Math.round(weight / scale) * scale));
  let [signal, noise] = [0, 0];
  for (const [i, weight] of weights.entries()) {
    signal += weight ** 2;
    noise += (weight - values[i]!) ** 2;
  }
  return { values, signalToNoise: noise === 0 ? Number.POSITIVE_INFINITY : 10 * Math.log10(signal / noise) };
}
