/**
 * @file Bounds on sums. With activations x ∈ [0, a], every partial sum of Σ w·x lies in [−a·Σ|w<0|, a·Σ(w>0)], in any order of
 * additions. `Packer.cut` finds the longest pieces of a layer's actual weights that respect these bounds (`assembly/cut.ts`).
 */

/** Bounds on the sums of a lane's weights within a piece. */
export interface LaneBounds {
  /** Largest Σ|w|, for a lane that is an int16 sum of byte products and may start at any value. */
  readonly magnitude: number;
  /** Largest Σ(w>0) and Σ|w<0|, for a lane that is the lower `fieldBits` bits of an int32 and starts at 0. */
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

/** Signed low fields of `fieldBits` bits, before they are extracted. */
export function fieldLanes(highest: number, fieldBits: number): LaneBounds {
  const limit = 2 ** (fieldBits - 1);
  return { magnitude: 0, most: Math.floor((limit - 1) / highest), least: Math.floor(limit / highest), fieldBits };
}

/**
 * The most bits that the low field can have if two weights of this range share an int16 lane (|w| ≤ 7 → 12, −8 → 11); 0 if they
 * cannot.
 */
export function fieldBitsFor(lowest: number, highest: number): number {
  for (let bits = 14; bits >= 8; bits--) {
    const scale = 2 ** bits;
    if (highest * scale + highest <= int16Max && lowest * scale + lowest >= -int16Max - 1) return bits;
  }
  return 0;
}

/** Whether the high field fits the rest of int32: Σ|w|·a must stay below 2^(31 − fieldBits). */
export function highFieldFits(magnitude: number, highest: number, fieldBits: number): boolean {
  return magnitude * highest < 2 ** (31 - fieldBits);
}

/** Sums over a layer's filters, for folding the zero point and for the bounds of accumulators. */
export interface FilterSums {
  /** Σw of each output channel. */
  readonly sums: Int32Array;
  /** Σ|w| of each output channel. */
  readonly magnitudes: Int32Array;
  /** Lowest and highest code of the weights; 0 lies between them. */
  readonly lowest: number;
  readonly highest: number;
}
