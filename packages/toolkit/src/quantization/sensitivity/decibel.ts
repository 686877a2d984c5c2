/** @file Signal-to-noise ratios in decibels. */

/** 10·log10 of signal power over noise power, limited to ±200 dB so that results are JSON numbers. */
export const decibel = (signal: number, noise: number): number =>
  Math.max(-200, Math.min(200, 10 * Math.log10(Math.max(signal, 1e-30) / Math.max(noise, 1e-30))));
