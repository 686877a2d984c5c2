/** @file Tables of byte offsets by which kernels find pixels: they cover strides, borders and ragged ends without tests. */

import type { Constants } from "./constants.js";
import type { Placement } from "./placement.js";

/** Geometry of a window that moves over a map: where it starts and how far it steps. */
export interface Sampling {
  readonly height: number;
  readonly width: number;
  readonly top: number;
  readonly left: number;
  readonly strideY: number;
  readonly strideX: number;
}

/** Every pixel of the map itself, row by row. */
export function wholeMap({ height, width }: Placement): Sampling {
  return { height, width, top: 0, left: 0, strideY: 1, strideX: 1 };
}

/** Offsets of `height` × `width` samples from pixel (0, 0), the last one repeated up to a multiple of four. */
export function pixelOffsets(constants: Constants, { rowPitch, pixelPitch }: Placement, sampling: Sampling): number {
  const { height, width, top, left, strideY, strideX } = sampling;
  const key = `pixels ${[rowPitch, pixelPitch, height, width, top, left, strideY, strideX]}`;
  return constants.sharedIntegers(key, () => {
    const count = height * width;
    const offsets = new Int32Array(Math.ceil(count / 4) * 4);
    for (let i = 0; i < offsets.length; i++) {
      const sample = Math.min(i, count - 1);
      const y = top + Math.floor(sample / width) * strideY;
      const x = left + (sample % width) * strideX;
      offsets[i] = y * rowPitch + x * pixelPitch;
    }
    return offsets;
  });
}

/** Tiles whose products are formed at once; the same as in `assembly/winograd.ts`. */
export const tileGroup = 16;

/**
 * Offsets of the output pixels of 2×2 tiles: by group of sixteen tiles, then phase (2·row + column), then tile. What lies
 * outside the map goes to the dump.
 */
export function tileOffsets(constants: Constants, placement: Placement): number {
  const { rowPitch, pixelPitch, height, width, dump } = placement;
  return constants.sharedIntegers(`tiles ${[rowPitch, pixelPitch, height, width, dump]}`, () => {
    const across = Math.ceil(width / 2);
    const tiles = Math.ceil(height / 2) * across;
    const offsets = new Int32Array(Math.ceil(tiles / tileGroup) * tileGroup * 4).fill(dump);
    for (let tile = 0; tile < tiles; tile++)
      for (let phase = 0; phase < 4; phase++) {
        const y = 2 * Math.floor(tile / across) + (phase >> 1);
        const x = 2 * (tile % across) + (phase & 1);
        const at = (Math.floor(tile / tileGroup) * 4 + phase) * tileGroup + (tile % tileGroup);
        if (y < height && x < width) offsets[at] = y * rowPitch + x * pixelPitch;
      }
    return offsets;
  });
}
