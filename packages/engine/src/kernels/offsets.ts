/** @file Tables of byte offsets with which kernels find pixels, so that strides, borders and incomplete tiles need no tests. */

import type { Kernels } from "../wasm/modules.js";
import type { Constants } from "./constants.js";
import type { Placement } from "./placement.js";

/** The geometry of a window that moves over a map: its first position and its steps. */
export interface Sampling {
  readonly height: number;
  readonly width: number;
  readonly top: number;
  readonly left: number;
  readonly strideY: number;
  readonly strideX: number;
}

/** The window positions that visit every pixel of a map, row by row. */
export function wholeMap({ height, width }: Placement): Sampling {
  return { height, width, top: 0, left: 0, strideY: 1, strideX: 1 };
}

/** Memory, and the kernels that fill it. */
interface Target {
  readonly constants: Constants;
  readonly kernels: Kernels;
}

/** Offsets of `height` × `width` samples from pixel (0, 0); the last one is repeated up to a multiple of four. */
export function pixelOffsets(
  { constants, kernels }: Target,
  { rowPitch, pixelPitch }: Placement,
  sampling: Sampling,
): number {
  const { height, width, top, left, strideY, strideX } = sampling;
  const [first, row, column] = [top * rowPitch + left * pixelPitch, strideY * rowPitch, strideX * pixelPitch];
  return constants.sharedTable(`pixels ${[height, width, first, row, column]}`, () => {
    const target = constants.reserve(4 * Math.ceil((height * width) / 4) * 4);
    const fields = { height, width, first, rowPitch: row, columnPitch: column, target };
    kernels.pixelOffsets(constants.task("OffsetsTask", fields));
    return target;
  });
}

/** How a map is cut into Winograd tiles. */
export interface Tiling {
  /** Outputs of a tile along each axis. */
  readonly edge: number;
  /** Number of tiles whose products are computed together. */
  readonly group: number;
}

/**
 * Offsets of the output pixels of all tiles, by group, then phase (edge·row + column), then tile. Pixels outside the map, and
 * tiles that the last group lacks, are written to the dump.
 */
export function tileOffsets(constants: Constants, placement: Placement, { edge, group }: Tiling): number {
  const { rowPitch, pixelPitch, height, width, dump } = placement;
  return constants.sharedTable(`tiles ${[edge, rowPitch, pixelPitch, height, width, dump]}`, () => {
    const across = Math.ceil(width / edge);
    const tiles = Math.ceil(height / edge) * across;
    const phases = edge * edge;
    const offsets = new Int32Array(Math.ceil(tiles / group) * group * phases).fill(dump);
    for (let tile = 0; tile < tiles; tile++)
      for (let phase = 0; phase < phases; phase++) {
        const y = edge * Math.floor(tile / across) + Math.floor(phase / edge);
        const x = edge * (tile % across) + (phase % edge);
        const at = (Math.floor(tile / group) * phases + phase) * group + (tile % group);
        if (y < height && x < width) offsets[at] = y * rowPitch + x * pixelPitch;
      }
    return constants.integers(offsets);
  });
}
