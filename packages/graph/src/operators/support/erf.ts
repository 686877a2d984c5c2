/** @file The error function, in float64. */

const TERMS = 80;
/** Above it, 1 − erf(x) is below half a unit in the last place. */
const SATURATED = 6;

/** erf(x) = 2/√π ∫₀ˣ e^(−t²) dt, by e^(−x²)·Σ 2ⁿ x^(2n+1) / (2n+1)!!, whose terms are all positive. */
export function erf(x: number): number {
  if (Math.abs(x) > SATURATED) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; n < TERMS && term !== 0; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}
