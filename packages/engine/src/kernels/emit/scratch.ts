/**
 * @file Working memory of the kernels. It is allocated once, for the layer that needs most, and used by one layer after the
 * other.
 */

import type { Constants } from "../constants.js";

/** Pixels whose sums are computed before they are requantized; the same number as in `assembly/requantize.ts`. */
export const panelPixels = 64;

/** Bytes of one panel: int32 sums of eight channels. */
const panelBytes = panelPixels * 32;

/** Bytes of the sixteen or 36 products. */
const productsBytes = Math.max(16 * 16, 36 * 8) * 32 + 6 * 6 * 16;

/** Bytes that one thread takes, without transformed input. */
export const scratchBytes = 2 * panelBytes + productsBytes + 128;

/** Addresses of the working memory of one thread. */
export interface ScratchBlocks {
  readonly sums: number;
  readonly products: number;
  readonly transformed: number;
}

export class Scratch {
  /** Two panels of sums, for two weights per lane and for sixteen outputs of eight tiles. */
  readonly sums: number;
  /**
   * Winograd's products: for 2×2 tiles int32[16 positions][16 tiles][8]; for 4×4 tiles int32[36 positions][8 tiles][8], and six
   * rows of six vectors for one tile.
   */
  readonly products: number;
  readonly #constants: Constants;
  #transformed = 0;
  #transformedBytes = 0;

  constructor(constants: Constants) {
    this.#constants = constants;
    this.sums = constants.reserve(2 * panelBytes);
    this.products = constants.reserve(productsBytes);
  }

  /** Working memory for each of `threads` threads; the first one uses this memory. Call it when all layers have theirs. */
  forThreads(threads: number): readonly ScratchBlocks[] {
    const own = { sums: this.sums, products: this.products, transformed: this.#transformed };
    const another = (): ScratchBlocks => {
      const scratch = new Scratch(this.#constants);
      return {
        sums: scratch.sums,
        products: scratch.products,
        transformed: scratch.transformed(this.#transformedBytes),
      };
    };
    return [own, ...Array.from({ length: threads - 1 }, another)];
  }

  /** Reserves memory for transformed input. Earlier layers keep the smaller block that they were given. */
  transformed(bytes: number): number {
    if (bytes > this.#transformedBytes) {
      this.#transformed = this.#constants.reserve(bytes);
      this.#transformedBytes = bytes;
    }
    return this.#transformed;
  }
}
