/** @file From an image as it stands in its source to pixels at the pipeline's size. */

import sharp from "sharp";
import { DataError } from "../errors.js";
import { resizeBilinear } from "./resize.js";
import type { ImageContent, RawImage } from "./source.js";

/** How images come to the size that a network takes; the same rule as a model file's preprocessing. */
export interface PixelTarget {
  readonly height: number;
  readonly width: number;
  /**
   * `"exact"`: images must have this size. `"shorter-side"`: the shorter side is resized to `resizeTo` (antialiased bilinear)
   * and the centre cropped.
   */
  readonly rule: "exact" | "shorter-side";
  readonly resizeTo: number;
}

// Parallel decoding comes from several images at once, which beats several threads for each small image.
sharp.concurrency(1);
sharp.cache(false);

/**
 * Decodes an image to RGB or grey bytes. EXIF orientation is applied, CMYK and other colour spaces become sRGB, transparency is
 * dropped, of an animation the first frame is taken.
 *
 * @param name how a message calls the image.
 * @throws {DataError} where the bytes are no image, or a damaged one.
 */
export async function decodeImage(content: ImageContent, channels: 1 | 3, name: string): Promise<RawImage> {
  return withChannels("encoded" in content ? await decodeFile(content.encoded, name) : content, channels);
}

async function decodeFile(encoded: Uint8Array, name: string): Promise<RawImage> {
  try {
    const { data, info } = await sharp(encoded, { failOn: "error" })
      .rotate()
      .toColourspace("srgb")
      .removeAlpha()
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    return { pixels: data, height: info.height, width: info.width, channels: info.channels === 1 ? 1 : 3 };
  } catch (error) {
    const reason = encoded.length === 0 ? "the file is empty" : (error as Error).message.trim().replaceAll(/\s+/g, " ");
    throw new DataError(
      `${name} cannot be decoded (${reason}). Replace or remove it, or leave damaged images out with --skip-bad-images.`,
      { cause: error },
    );
  }
}

function withChannels(image: RawImage, channels: 1 | 3): RawImage {
  if (image.channels === channels) return image;
  const { height, width } = image;
  const pixels = new Uint8Array(height * width * channels);
  if (channels === 3) for (let i = 0; i < image.pixels.length; i++) pixels.fill(image.pixels[i]!, 3 * i, 3 * i + 3);
  else for (let i = 0; i < pixels.length; i++) pixels[i] = luma(image.pixels, 3 * i);
  return { pixels, height, width, channels };
}

/** ITU-R BT.601 luma, 0.299 R + 0.587 G + 0.114 B, in 16-bit fixed point: what Pillow's conversion to "L" gives. */
function luma(rgb: Uint8Array, at: number): number {
  return (rgb[at]! * 19595 + rgb[at + 1]! * 38470 + rgb[at + 2]! * 7471 + 0x8000) >> 16;
}

/** Brings decoded pixels to the target's size. @throws {DataError} where the rule is "exact" and the size another. */
export function fitImage(image: RawImage, target: PixelTarget, name: string): RawImage {
  if (target.rule === "exact") {
    if (image.height === target.height && image.width === target.width) return image;
    throw new DataError(
      `${name} is ${image.width}×${image.height} pixels where ${target.width}×${target.height} is expected. Give --size, so that ` +
        "images are resized and cropped, or bring them to one size.",
    );
  }
  const { resizeTo } = target;
  const shorter = Math.min(image.height, image.width);
  const longer = Math.trunc((resizeTo * Math.max(image.height, image.width)) / shorter); // as torchvision truncates
  const resized =
    image.height <= image.width ? resizeBilinear(image, resizeTo, longer) : resizeBilinear(image, longer, resizeTo);
  return centerCrop(resized, target.height, target.width);
}

/** The middle of an image that is at least as large. */
export function centerCrop(image: RawImage, height: number, width: number): RawImage {
  if (image.height === height && image.width === width) return image;
  return cropImage(
    image,
    roundHalfEven((image.height - height) / 2),
    roundHalfEven((image.width - width) / 2),
    height,
    width,
  );
}

/** The part of `height` × `width` pixels whose upper left corner is (`top`, `left`). */
export function cropImage(image: RawImage, top: number, left: number, height: number, width: number): RawImage {
  const { channels } = image;
  const pixels = new Uint8Array(height * width * channels);
  for (let y = 0; y < height; y++) {
    const from = ((top + y) * image.width + left) * channels;
    pixels.set(image.pixels.subarray(from, from + width * channels), y * width * channels);
  }
  return { pixels, height, width, channels };
}

/** Python's `round`, which torchvision's CenterCrop uses. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  return value - floor === 0.5 ? floor + (floor % 2) : Math.round(value);
}
