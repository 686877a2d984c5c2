/** @file From a decoded image of any size to the bytes that a network takes, as its file says. */

import { InputError } from "../errors.js";
import { roundHalfToEven } from "../operators/arithmetic.js";
import type { Preprocessing } from "../program/program.js";
import { type Crop, type RawImage, resizeBilinear } from "./resize.js";

/**
 * Channels, resize, crop.
 *
 * @returns `[height, width, channels]` bytes as `run` takes them.
 * @throws {InputError} where the data does not fit its size, or the file wants an exact size and the image has another.
 */
export function preprocess(image: RawImage, preprocessing: Preprocessing): Uint8Array {
  const { channels, height, width, resize, resizeTo } = preprocessing;
  checkImage(image);
  const converted = toChannels(image, channels);
  if (resize === "exact") {
    if (image.height !== height || image.width !== width)
      throw new InputError(
        "image-size",
        { found: [image.width, image.height], expected: [width, height] },
        `this model takes images of ${width} × ${height} pixels, got ${image.width} × ${image.height}; resize them first`,
      );
    return bytesOf(converted.data);
  }
  const [tall, wide] = shorterSide(image.height, image.width, resizeTo!);
  return resizeBilinear(converted, tall, wide, centreCrop(tall, wide, height, width));
}

function checkImage({ data, height, width, channels }: RawImage): void {
  const sizes = [height, width, channels];
  if (!sizes.every((size) => Number.isInteger(size) && size >= 1) || ![1, 3, 4].includes(channels))
    throw new InputError(
      "image-invalid",
      { found: sizes, expected: "[height, width, 1, 3 or 4]" },
      `an image needs a height, a width, and 1, 3 or 4 channels; got [${sizes}]`,
    );
  if (data.length !== height * width * channels)
    throw new InputError(
      "image-invalid",
      { found: data.length, expected: height * width * channels },
      `an image of [${sizes}] has ${height * width * channels} bytes, got ${data.length}`,
    );
}

/** Sizes with the shorter side at `size` and the longer in proportion, rounded down (torchvision's `Resize`). */
export function shorterSide(height: number, width: number, size: number): readonly [number, number] {
  const longer = Math.trunc((size * Math.max(height, width)) / Math.min(height, width));
  return height <= width ? [size, longer] : [longer, size];
}

/** The centre of an image; an odd margin is split as torchvision's `CenterCrop` does, half to even. */
export function centreCrop(tall: number, wide: number, height: number, width: number): Crop {
  return { top: roundHalfToEven((tall - height) / 2), left: roundHalfToEven((wide - width) / 2), height, width };
}

/**
 * Grey, RGB or RGBA bytes as `channels` channels. Alpha is left out; grey is Pillow's `convert("L")`,
 * (19595 R + 38470 G + 7471 B + 32768) >> 16, and becomes RGB by repetition.
 */
export function toChannels(image: RawImage, channels: 1 | 3): RawImage {
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
