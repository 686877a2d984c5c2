/**
 * @file Random masks of 0 and 1. A pool is drawn once from the seed. Each mask is a window of it, whose position derives from
 * the step's number, so masks cost nothing and a resumed run has the same ones.
 */

import { Random } from "../../random.js";

/** Windows begin at multiples of 64 bytes, so that runtimes read them in place. */
const ALIGNMENT = 16;
/** Elements beyond the longest mask, for 2^16 different positions. */
const SLACK = ALIGNMENT * 2 ** 16;

export class MaskPool {
  readonly #values: Float32Array;

  /** @param ones probability of 1 */
  constructor(seed: number, longest: number, ones: number) {
    const random = Random.derive(seed, "mask pool");
    const limit = Math.round(ones * 2 ** 16);
    this.#values = new Float32Array(longest + SLACK);
    for (let i = 0; i < this.#values.length; i += 2) {
      const word = random.uint32();
      this.#values[i] = (word & 0xffff) < limit ? 1 : 0;
      this.#values[i + 1] = word >>> 16 < limit ? 1 : 0;
    }
  }

  /** A mask of `length` elements; it must not be changed. */
  mask(random: Random, length: number): Float32Array {
    const first = ALIGNMENT * random.integer(SLACK / ALIGNMENT);
    return this.#values.subarray(first, first + length);
  }
}
