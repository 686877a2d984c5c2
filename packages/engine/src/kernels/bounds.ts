/**
 * @file What sums may reach. With activations x ∈ [0, a], every partial sum of Σ w·x lies in [−a·Σ|w<0|, a·Σ(w>0)], whatever its
 * order; `Packer.cut` finds the longest pieces of a layer's actual weights that respect the bounds given here.
 */

/** Bounds on Σ(w>0) and Σ|w<0| of a lane. */
export interface LaneBounds {
  readonly most: number;
  readonly least: number;
  /** 0: lanes are int16 sums of byte products; else the lower `fieldBits` bits of an int32 lane. */
  readonly fieldBits: number;
}

const int16Max = 2 ** 15 - 1;

/** Lanes of the relaxed dot product: int16. */
export function byteLanes(highest: number): LaneBounds {
  const most = Math.floor(int16Max / highest);
  return { most, least: most, fieldBits: 0 };
}

/** Low fields of `fieldBits` bits, signed, before they are taken out. */
export function fieldLanes(highest: number, fieldBits: number): LaneBounds {
  const limit = 2 ** (fieldBits - 1);
  return { most: Math.floor((limit - 1) / highest), least: Math.floor(limit / highest), fieldBits };
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

/** Of a layer's filters: what folding the zero point and the bounds of accumulators need. */
export interface FilterSums {
  /** Σw of each output channel. */
  readonly sums: Int32Array;
  /** Σ|w| of each output channel. */
  readonly magnitudes: Int32Array;
  /** Lowest and highest code, 0 included. */
  readonly lowest: number;
  readonly highest: number;
}
