/**
 * @file Turns a drawing into an image like MNIST's: the digit is 20 pixels high or wide, and its centre of mass is in the
 * middle of 28 × 28 pixels.
 */

import type { Prepared } from "../workers/prepare.js";

const size = 28;
const inked = 20;

/** Bounds and centre of mass of what is drawn, in pixels of the canvas. */
interface Ink {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly x: number;
  readonly y: number;
}

/** @returns `undefined` for an empty canvas */
export function centredDigit(canvas: HTMLCanvasElement): Prepared | undefined {
  const ink = inkOf(canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height));
  if (ink === undefined) return undefined;
  const scale = inked / Math.max(ink.width, ink.height);
  const [width, height] = [ink.width * scale, ink.height * scale];
  const within = (at: number, length: number) => Math.min(Math.max(at, 0), size - length);
  const left = within(size / 2 - (ink.x - ink.left) * scale, width);
  const top = within(size / 2 - (ink.y - ink.top) * scale, height);
  const small = new OffscreenCanvas(size, size);
  const context = small.getContext("2d", { willReadFrequently: true })!;
  context.imageSmoothingQuality = "high";
  context.drawImage(canvas, ink.left, ink.top, ink.width, ink.height, left, top, width, height);
  const { data } = context.getImageData(0, 0, size, size);
  // White strokes on nothing: the alpha channel is the ink.
  const bytes = Uint8Array.from({ length: size * size }, (_, p) => data[4 * p + 3]!);
  return { bytes, width: size, height: size, channels: 1, decodeMs: 0, resizeMs: 0 };
}

function inkOf({ data, width, height }: ImageData): Ink | undefined {
  let [left, right, top, bottom] = [width, -1, height, -1];
  let [mass, x, y] = [0, 0, 0];
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++) {
      const alpha = data[4 * (row * width + column) + 3]!;
      if (alpha === 0) continue;
      left = Math.min(left, column);
      right = Math.max(right, column);
      top = Math.min(top, row);
      bottom = Math.max(bottom, row);
      mass += alpha;
      x += alpha * (column + 0.5);
      y += alpha * (row + 0.5);
    }
  if (mass === 0) return undefined;
  return { left, top, width: right - left + 1, height: bottom - top + 1, x: x / mass, y: y / mass };
}
