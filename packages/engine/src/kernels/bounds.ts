/**
 * @file Proofs that narrow sums do not overflow. They read the packed weights, the very bytes that the kernels multiply, and
 * take the worst activations: with x ∈ [0, a], every partial sum of Σ w·x lies in [−a·Σ|w<0|, a·Σ(w>0)], whatever its order.
 */

import { stepBytes } from "./pack.js";

const int16Max = 2 ** 15 - 1;

/** Ends of the pieces into which a sum of `steps` steps is cut; the last one is `steps`. */
export type Cuts = readonly number[];

/**
 * Longest pieces in which every int16 lane of the relaxed dot product stays within int16. A lane sums bytes 2l and 2l + 1 of
 * each step.
 *
 * @param packed   groups × steps × 32 signed bytes; a group's lanes are summed apart from all others
 * @param highest  largest activation, at most 127
 */
export function cutForInt16(packed: Int8Array, steps: number, highest: number): Cuts {
  return cut(
    steps,
    packed.length / stepBytes / steps,
    stepBytes / 2,
    int16Max / highest,
    int16Max / highest,
    (at, lane) => [packed[at * stepBytes + 2 * lane]!, packed[at * stepBytes + 2 * lane + 1]!],
  );
}

/**
 * Longest pieces after which the low field must be taken out: it is signed and `fieldBits` wide, and sums both int16 of a
 * 32-bit lane.
 */
export function cutForField(packed: Int16Array, steps: number, highest: number, fieldBits: number): Cuts {
  const words = stepBytes / 2;
  const low = (value: number) => (value << (32 - fieldBits)) >> (32 - fieldBits);
  const most = 2 ** (fieldBits - 1);
  return cut(steps, packed.length / words / steps, words / 2, (most - 1) / highest, most / highest, (at, lane) => [
    low(packed[at * words + 2 * lane]!),
    low(packed[at * words + 2 * lane + 1]!),
  ]);
}

/**
 * Cuts greedily: a piece ends before the first step that would take some lane out of its bounds, which makes the fewest pieces.
 *
 * @param most, least  bounds on Σ(w>0) and Σ|w<0| of a piece
 * @throws {RangeError} when a single step leaves the bounds; the caller offers this kernel no such weights
 */
function cut(
  steps: number,
  groups: number,
  lanes: number,
  most: number,
  least: number,
  pair: (step: number, lane: number) => readonly [number, number],
): Cuts {
  const cuts: number[] = [];
  const positive = new Float64Array(groups * lanes);
  const negative = new Float64Array(groups * lanes);
  const add = (step: number): boolean => {
    let fits = true;
    for (let group = 0; group < groups; group++)
      for (let lane = 0; lane < lanes; lane++) {
        const [a, b] = pair(group * steps + step, lane);
        const i = group * lanes + lane;
        positive[i]! += Math.max(a, 0) + Math.max(b, 0);
        negative[i]! += Math.max(-a, 0) + Math.max(-b, 0);
        if (positive[i]! > most || negative[i]! > least) fits = false;
      }
    return fits;
  };
  for (let step = 0; step < steps; step++) {
    if (add(step)) continue;
    if (step === (cuts.at(-1) ?? 0)) throw new RangeError(`the products of step ${step} alone overflow`);
    cuts.push(step);
    positive.fill(0);
    negative.fill(0);
    step--;
  }
  cuts.push(steps);
  return cuts;
}

/** Bits of the low field where two weights of this range share an int16 lane, as many as fit: |w| ≤ 7 → 12, −8 → 11. */
export function fieldBitsFor(lowest: number, highest: number): number {
  for (let bits = 14; bits >= 8; bits--) {
    const scale = 2 ** bits;
    if (highest * scale + highest <= int16Max && lowest * scale + lowest >= -int16Max - 1) return bits;
  }
  return 0;
}

/** The high field takes what is left of int32: Σ|w|·a must stay below 2^(31 − fieldBits), less one that the low field borrows. */
export function highFieldFits(magnitude: number, highest: number, fieldBits: number): boolean {
  return magnitude * highest <= 2 ** (31 - fieldBits) - 2;
}

/** `filterSums` of each output channel: what folding the zero point and the accumulator bounds need. */
export interface FilterSums {
  /** Σw. */
  readonly sums: Float64Array;
  /** Σ|w|. */
  readonly magnitudes: Float64Array;
  readonly lowest: number;
  readonly highest: number;
}

export function filterSums(codes: Int8Array, outputs: number): FilterSums {
  const length = codes.length / outputs;
  const sums = new Float64Array(outputs);
  const magnitudes = new Float64Array(outputs);
  let lowest = 0;
  let highest = 0;
  for (let output = 0; output < outputs; output++) {
    let sum = 0;
    let magnitude = 0;
    for (let k = output * length; k < (output + 1) * length; k++) {
      const code = codes[k]!;
      sum += code;
      magnitude += code < 0 ? -code : code;
      if (code < lowest) lowest = code;
      if (code > highest) highest = code;
    }
    sums[output] = sum;
    magnitudes[output] = magnitude;
  }
  return { sums, magnitudes, lowest, highest };
}
