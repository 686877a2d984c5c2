/**
 * @file Bounds on sums. With activations x ∈ [0, a], every partial sum of Σ w·x lies in [−a·Σ|w<0|, a·Σ(w>0)], in
 * whatever order it is added. `Packer.cut` finds the longest pieces of a layer's actual weights that respect these
 * bounds (`assembly/cut.ts`).
 */

/** Bounds on the sums of a lane's weights within a piece. */
export interface LaneBounds {
  /** Largest Σ|w| where a lane is an int16 sum of byte products that may start anywhere. */
  readonly magnitude: number;
  /** Largest Σ(w>0) and Σ|w<0| where a lane is the lower `fieldBits` bits of an int32 and starts at 0. */
  readonly most: number;
  readonly least: number;
  readonly fieldBits: number;
}

const int16Max = 2 ** 15 - 1;

/**
 * Lanes of the relaxed dot product. A range of length a·Σ|w| ≤ 65,534, centred, lies within ±32,767 (an odd length is at most
 * 65,533, so half a unit of rounding is left).
 */
export function byteLanes(highest: number): LaneBounds {
  return { magnitude: Math.floor((2 * int16Max) / highest), most: 0, least: 0, fieldBits: 0 };
}

/** Low fields of `fieldBits` bits, signed, before they are taken out. */
export function fieldLanes(highest: number, fieldBits: number): LaneBounds {
  const limit = 2 ** (fieldBits - 1);
  return { magnitude: 0, most: Math.floor((limit - 1) / highest), least: Math.floor(limit / highest), fieldBits };
}

/** Bits of the low field where two weights of this range share an int16 lane, as many as fit: |w| ≤ 7 → 12, −8 → 11; else 0. */
export function fieldBitsFor(lowest: number, highest: number): number {
  for (let bits = 14; bits >= 8; bits--) {
    const scale = 2 ** bits;
    if (highest * scale + highest <= int16Max && lowest * scale + lowest >= -int16Max - 1) return bits;
  }
  return 0;
}

/** The high field takes what is left of int32: Σ|w|·a must stay below 2^(31 − fieldBits). */
export function highFieldFits(magnitude: number, highest: number, fieldBits: number): boolean {
  return magnitude * highest < 2 ** (31 - fieldBits);
}

/** Sums over a layer's filters, for folding the zero point and for the bounds of accumulators. */
export interface FilterSums {
  /** Σw of each output channel. */
  readonly sums: Int32Array;
  /** Σ|w| of each output channel. */
  readonly magnitudes: Int32Array;
  /** Lowest and highest code, 0 included. */
  readonly lowest: number;
  readonly highest: number;
}
