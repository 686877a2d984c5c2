/** @file The formats of numbers in a report. */

import type { Interval } from "./statistics.js";

export { percent } from "../../percent.js";

/** A difference of shares in percentage points, with its sign: `−0.46`. */
export function points(share: number, digits = 2): string {
  const text = Math.abs(100 * share).toFixed(digits);
  if (Number(text) === 0) return text;
  return `${share < 0 ? "−" : "+"}${text}`;
}

/** `−0.46 (−0.80 … −0.12)` */
export const pointsWithInterval = ({ value, low, high }: Interval): string =>
  `${points(value)} (${points(low)} … ${points(high)})`;

/** `5.64 MB`, in powers of 1000. */
export function byteSize(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(1)} kB`;
  return `${(bytes / 1e6).toFixed(2)} MB`;
}

/** Three significant digits: `2.50 ms`, `1240 ms`. */
export const milliseconds = (value: number): string => `${value >= 100 ? value.toFixed(0) : value.toPrecision(3)} ms`;

/** Keeps numbers and their units on one line. */
export const unbroken = (text: string): string =>
  text.replaceAll(/(?<=\d) (?=(%|bits?|points?|[kM]?B|ms)\b|%)/g, "\u00a0");

/** `4 bits`, `weights 4, activations 8 bits`, or the name that the study gives. */
export function bitsText(bits: string): string {
  const [, weights, activations] = /^w(\d+)a(\d+)$/.exec(bits) ?? [];
  if (weights === undefined) return bits;
  return weights === activations ? `${weights} bits` : `W${weights}A${activations}`;
}
