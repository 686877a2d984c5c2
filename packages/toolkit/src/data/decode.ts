/** @file From an image as it stands in its source to pixels at the pipeline's size. */

import { type Preprocessing, preprocess, type RawImage } from "@subbyte/engine";
import sharp from "sharp";
import { DataError } from "../errors.js";
import type { ImageContent } from "./source.js";

/** How images become what a network takes; the part of a model's preprocessing that gives bytes. */
export type PixelTarget = Required<Omit<Preprocessing, "mean" | "std">>;

// Parallel decoding comes from several images at once, which beats several threads for each small image.
sharp.concurrency(1);
sharp.cache(false);

/**
 * Decodes an image file to bytes. EXIF orientation is applied, CMYK and other colour spaces become sRGB, transparency is
 * dropped, of an animation the first frame is taken. Pixels are returned as they are.
 *
 * @param name how a message calls the image.
 * @throws {DataError} where the bytes are no image, or a damaged one.
 */
export async function decodeImage(content: ImageContent, name: string): Promise<RawImage> {
  if (!("encoded" in content)) return content;
  const { encoded } = content;
  try {
    const { data, info } = await sharp(encoded, { failOn: "error" })
      .rotate()
      .toColourspace("srgb")
      .removeAlpha()
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    return { data, height: info.height, width: info.width, channels: info.channels };
  } catch (error) {
    const reason = encoded.length === 0 ? "the file is empty" : (error as Error).message.trim().replaceAll(/\s+/g, " ");
    throw new DataError(
      `${name} cannot be decoded (${reason}). Replace or remove it, or leave damaged images out with --skip-bad-images.`,
      { cause: error },
    );
  }
}

/**
 * Brings a decoded image to the target's channels and size, with the engine's own arithmetic, so that an evaluation sees the
 * bytes that a model sees when it is deployed.
 *
 * @returns `[height, width, channels]` bytes.
 * @throws {DataError} where the rule is "exact" and the image has another size.
 */
export function fitImage(image: RawImage, target: PixelTarget, name: string): Uint8Array {
  if (target.resize === "exact" && (image.height !== target.height || image.width !== target.width))
    throw new DataError(
      `${name} is ${image.width}×${image.height} pixels where ${target.width}×${target.height} is expected. Bring the images to that ` +
        "size, or give --size or --resize-to when training or quantizing, so that they are resized and cropped.",
    );
  return preprocess(image, { ...target, ...UNUSED });
}

/** Mean and standard deviation belong to a model's preprocessing, but come after the bytes. */
const UNUSED = { mean: [], std: [] };
