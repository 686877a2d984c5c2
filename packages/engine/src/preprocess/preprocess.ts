/** @file Turns a decoded image of any size into the bytes that a network takes, by the preprocessing in its file. */

import { checkArgument, type Expectation, isObject, oneOf, positiveInteger, wrongArgument } from "../arguments.js";
import { InputError } from "../errors.js";
import { roundHalfToEven } from "../operators/arithmetic.js";
import type { Preprocessing } from "../program/program.js";
import { type Crop, checkImage, imageSize, type RawImage, resizeBilinear } from "./resize.js";

/** For models that take only one size: whether images of other sizes are resized to cover it, or refused. */
export type Fit = "cover" | "exact";

/**
 * Converts channels, resizes and crops.
 *
 * @returns `[height, width, channels]` bytes as `run` takes them.
 * @throws {InputError} if the data does not fit its size, or if an exact size is required and the image has another.
 */
export function preprocess(image: RawImage, preprocessing: Preprocessing, fit: Fit = "exact"): Uint8Array {
  checkImage(image);
  checkTarget(preprocessing);
  checkArgument("fit", fit, fits);
  const { channels, height, width, resize, resizeTo } = preprocessing;
  const converted = toChannels(image, channels);
  if (resize === "exact") {
    const isSame = image.height === height && image.width === width;
    if (isSame) return bytesOf(converted.data);
    if (fit === "exact")
      throw new InputError(
        "image-size",
        { found: [image.width, image.height], expected: [width, height] },
        `this model takes images of ${width} × ${height} pixels, got ${image.width} × ${image.height}; resize them first`,
      );
    const [tall, wide] = covering(image.height, image.width, height, width);
    return resizeBilinear(converted, tall, wide, centreCrop(tall, wide, height, width));
  }
  const [tall, wide] = shorterSide(image.height, image.width, resizeTo!);
  return resizeBilinear(converted, tall, wide, centreCrop(tall, wide, height, width));
}

export const fits = oneOf("cover", "exact");
const ways = oneOf("exact", "shorter-side");
const channelCounts: Expectation = { expected: "1 or 3", holds: (value) => value === 1 || value === 3 };

function checkTarget(preprocessing: Preprocessing): void {
  if (!isObject(preprocessing)) throw wrongArgument("preprocessing", preprocessing, "an object");
  const { channels, height, width, resize, resizeTo } = preprocessing;
  checkArgument("preprocessing.channels", channels, channelCounts);
  checkArgument("preprocessing.height", height, imageSize);
  checkArgument("preprocessing.width", width, imageSize);
  checkArgument("preprocessing.resize", resize, ways);
  if (resize === "shorter-side") checkArgument("preprocessing.resizeTo", resizeTo, imageSize);
}

/** The smallest size with the same proportions that covers `height` × `width`; the other side is rounded down. */
function covering(tall: number, wide: number, height: number, width: number): readonly [number, number] {
  return tall * width <= wide * height
    ? [height, Math.max(width, Math.trunc((wide * height) / tall))]
    : [Math.max(height, Math.trunc((tall * width) / wide)), width];
}

/** The size with the shorter side at `size` and the longer one in proportion, rounded down (torchvision's `Resize`). */
export function shorterSide(height: number, width: number, size: number): readonly [number, number] {
  const longer = Math.trunc((size * Math.max(height, width)) / Math.min(height, width));
  return height <= width ? [size, longer] : [longer, size];
}

/** The centre of an image. An odd margin is split as by torchvision's `CenterCrop`, half to even. */
export function centreCrop(tall: number, wide: number, height: number, width: number): Crop {
  for (const [name, size] of Object.entries({ tall, wide, height, width })) checkArgument(name, size, positiveInteger);
  return { top: roundHalfToEven((tall - height) / 2), left: roundHalfToEven((wide - width) / 2), height, width };
}

/**
 * Converts grey, RGB or RGBA bytes to `channels` channels. Alpha is dropped. Grey is Pillow's `convert("L")`, (19595 R + 38470
 * G + 7471 B + 32768) >> 16; grey becomes RGB by repetition.
 */
export function toChannels(image: RawImage, channels: 1 | 3): RawImage {
  checkImage(image);
  checkArgument("channels", channels, channelCounts);
  if (image.channels === channels) return image;
  const pixels = image.height * image.width;
  const data = new Uint8Array(pixels * channels);
  const from = image.data;
  const step = image.channels;
  for (let p = 0; p < pixels; p++) {
    const at = p * step;
    if (step === 1) data.fill(from[at]!, 3 * p, 3 * p + 3);
    else if (channels === 3) data.set(from.subarray(at, at + 3), 3 * p);
    else data[p] = (19595 * from[at]! + 38470 * from[at + 1]! + 7471 * from[at + 2]! + 0x8000) >> 16;
  }
  return { ...image, data, channels };
}

const bytesOf = (data: RawImage["data"]): Uint8Array =>
  data instanceof Uint8Array ? data : new Uint8Array(data.buffer, data.byteOffset, data.length);
