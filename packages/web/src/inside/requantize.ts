/** @file One filter at fewer bits than it has: what rounding to a coarser grid leaves of it. */

export interface Requantized {
  readonly values: Float32Array;
  /** Power of the filter divided by power of the rounding error, in dB; infinite if nothing was lost. */
  readonly signalToNoise: number;
}

/**
 * Symmetric rounding to 2^bits − 1 levels, the largest magnitude at the end of the grid; at 2 bits −1, 0 and 1 steps. This is plain
 * rounding: the quantizer of a file chooses better.
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
