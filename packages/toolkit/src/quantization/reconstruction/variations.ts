/**
 * @file Variations of calibration images for the pass over the whole network. Each image is moved by up to an eighth of its
 * sides, with its border repeated, and every second one gets a rectangle of another image. The float network gives the right
 * answer to each variation, so a thousand images do the work of many more.
 *
 * Source: Yun et al. 2019, CutMix, arXiv:1905.04899 (rectangles of other images, here without labels).
 */

import type { Random } from "../../random.js";
import type { Rows } from "./rows.js";

/** `[C, H, W]` of an image. */
export type ImageShape = readonly [channels: number, height: number, width: number];

interface Rectangle {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

/** Largest distance by which an image moves, as a share of its side. */
const REACH = 1 / 8;
/** Least and greatest side of a rectangle, as shares of the image's side. */
const RECTANGLE = [1 / 4, 3 / 4] as const;

/** Writes one variation of the images. */
export function drawVariation(images: Rows, shape: ImageShape, random: Random, into: Float32Array): void {
  const [, height, width] = shape;
  drawMoved(images, shape, random, into, { top: 0, left: 0, height, width });
  if (random.integer(2) === 0) return;
  const [top, rows] = span(height, random);
  const [left, columns] = span(width, random);
  drawMoved(images, shape, random, into, { top, left, height: rows, width: columns });
}

/** Start and length of a rectangle along one side. */
function span(side: number, random: Random): readonly [start: number, length: number] {
  const [least, most] = RECTANGLE.map((share) => Math.max(1, Math.round(share * side))) as [number, number];
  const length = least + random.integer(most - least + 1);
  return [random.integer(side - length + 1), length];
}

/** Draws a random image, moved, into the rectangle. */
function drawMoved(
  images: Rows,
  [channels, height, width]: ImageShape,
  random: Random,
  into: Float32Array,
  rectangle: Rectangle,
): void {
  const image = images.row(random.integer(images.count));
  const [down, right] = [height, width].map((side) => shift(side, random)) as [number, number];
  const { top, left } = rectangle;
  for (let c = 0; c < channels; c++)
    for (let y = top; y < top + rectangle.height; y++) {
      const row = (c * height + within(y - down, height)) * width;
      for (let x = left; x < left + rectangle.width; x++)
        into[(c * height + y) * width + x] = image[row + within(x - right, width)]!;
    }
}

function shift(side: number, random: Random): number {
  const reach = Math.floor(REACH * side);
  return random.integer(2 * reach + 1) - reach;
}

const within = (position: number, side: number): number => Math.min(side - 1, Math.max(0, position));
