/**
 * @file The layout of a tensor's codes in memory: rows of pixels, channels last, every pixel padded to whole vectors of eight
 * channels, with a border of zero points around the map so that kernels need not test for edges.
 */

import type { QuantizedTensor } from "../program/program.js";

/** Bytes per code: 1, or 2 if kernels multiply 16-bit integers. */
export type ElementBytes = 1 | 2;

/** Pixels of border that the readers of a tensor use. */
export interface Border {
  top: number;
  left: number;
  bottom: number;
  right: number;
}

export interface Placement {
  readonly elementBytes: ElementBytes;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly border: Readonly<Border>;
  /** Elements from one pixel to the next. */
  readonly stride: number;
  /** Bytes from one pixel to the next. */
  readonly pixelPitch: number;
  /** Bytes from one row to the next. */
  readonly rowPitch: number;
  /** Bytes from the buffer's start to pixel (0, 0). */
  readonly head: number;
  /** Bytes from pixel (0, 0) to a pixel that is written but never read: the place for results of a tile outside the map. */
  readonly dump: number;
  /** Bytes of the whole buffer, a multiple of 64. */
  readonly size: number;
}

/** Kernels load whole vectors and may read this many bytes after the last element that they use. */
const overread = 64;

/**
 * @param packed  whether pixels follow each other without padding channels: only for tensors that nothing but convolutions read
 */
export function placeTensor(
  { shape }: QuantizedTensor,
  elementBytes: ElementBytes,
  border: Readonly<Border>,
  packed = false,
): Placement {
  const [channels, height, width] = mapShape(shape);
  const stride = packed ? channels : roundUp(channels, 8);
  const pixelPitch = stride * elementBytes;
  const rowPitch = (border.left + width + border.right) * pixelPitch;
  const head = border.top * rowPitch + border.left * pixelPitch;
  const end = (border.top + height + border.bottom) * rowPitch;
  const size = roundUp(end + roundUp(channels, 8) * elementBytes + overread, 64);
  return {
    elementBytes,
    channels,
    height,
    width,
    border,
    stride,
    pixelPitch,
    rowPitch,
    head,
    dump: end - head,
    size,
  };
}

/** The shape as a map [C, H, W]; a vector counts as a map of one pixel. */
export function mapShape(shape: readonly number[]): readonly [number, number, number] {
  return shape.length === 3 ? [shape[0]!, shape[1]!, shape[2]!] : [shape[0]!, 1, 1];
}

export function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}
