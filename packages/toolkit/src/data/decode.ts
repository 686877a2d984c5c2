/** @file Decodes an image of a source into pixels, at the size of a network's input. */

import { getEnvironmentData, setEnvironmentData } from "node:worker_threads";
import { type Preprocessing, preprocess, type RawImage } from "@subbyte/engine";
import sharp from "sharp";
import { DataError } from "../errors.js";
import { bmpSize, decodeBmp, isBmp } from "./decode-bmp.js";
import { headerSize, type ImageSize } from "./header-size.js";
import { FORMATS } from "./image-formats.js";
import type { ImageContent } from "./source.js";

/** How images become bytes for a network; a part of a model's preprocessing. */
export interface PixelTarget extends Required<Omit<Preprocessing, "mean" | "std">> {
  /** How images of another size are fitted if `resize` is "exact"; they are refused by default. */
  readonly fit?: "cover" | "exact";
}

// Parallel decoding comes from several images at once, which beats several threads for each small image.
sharp.concurrency(1);
sharp.cache(false);
// A file is decoded by its content, whatever its name says. Only formats for pictures are allowed: an SVG of 300 bytes can ask
// for gigabytes and minutes, and can name other files. The setting holds for the whole process. Between the two calls no format
// can be decoded, so threads that start later must not repeat them: others are decoding by then.
const LIMITED = "subbyte-image-formats-are-limited";
if (getEnvironmentData(LIMITED) !== true) {
  sharp.block({ operation: ["VipsForeignLoad"] });
  sharp.unblock({
    operation: ["Jpeg", "Png", "Webp", "Nsgif", "Tiff", "Heif"].map((format) => `VipsForeignLoad${format}`),
  });
  setEnvironmentData(LIMITED, true);
}

/** Largest number of pixels of an image by default; the largest phone cameras have 200 million. */
const MAX_PIXELS = 2 ** 28;
/** Time limit for decoding: an image within the pixel limit takes seconds at most, unless it was made to take long. */
const TIMEOUT_SECONDS = 120;

/**
 * Decodes an image file to bytes. EXIF orientation is applied, CMYK and other color spaces become sRGB, transparency is
 * dropped, and the first frame of an animation is used. Pixels are returned as they are.
 *
 * @param name the image's name in messages
 * @throws {DataError} if the bytes are not an image, or a damaged one.
 */
export async function decodeImage(content: ImageContent, name: string): Promise<RawImage> {
  if (!("encoded" in content)) return content;
  try {
    return await decodeBytes(content.encoded);
  } catch (error) {
    const reason = firstLine((error as Error).message);
    throw new DataError(
      "image-damaged",
      { file: name, reason },
      `${name} cannot be decoded (${reason}). Replace or remove it, or leave damaged images out with \`skipBadImages\`.`,
      { cause: error },
    );
  }
}

/** The first line of a message: libtiff lists everything that it skipped before it failed, which can fill pages. */
const firstLine = (message: string): string => message.split("\n", 1)[0]!.slice(0, 200);

/** Decodes an image in memory. The error's message is only the reason, without a file name. */
export async function decodeBytes(encoded: Uint8Array, maxPixels = MAX_PIXELS): Promise<RawImage> {
  if (isBmp(encoded)) return reading(encoded, async () => decodeBmp(encoded, maxPixels));
  const { data, info } = await reading(encoded, () =>
    sharp(encoded, { failOn: "error", limitInputPixels: maxPixels })
      .timeout({ seconds: TIMEOUT_SECONDS })
      .rotate()
      .toColourspace("srgb")
      .removeAlpha()
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true }),
  );
  return { data, height: info.height, width: info.width, channels: info.channels };
}

/**
 * Height and width from the header of an image file, without decoding; EXIF orientation is not applied.
 * @throws {DataError} if the bytes are not an image.
 */
export async function imageSize(encoded: Uint8Array): Promise<ImageSize> {
  const known = headerSize(encoded);
  if (known !== undefined) return known;
  if (isBmp(encoded)) return reading(encoded, async () => bmpSize(encoded));
  const { height, width } = await reading(encoded, () => sharp(encoded, { limitInputPixels: false }).metadata());
  return { height, width };
}

/** Runs a decoder and turns its failures into readable reasons. */
async function reading<T>(encoded: Uint8Array, read: () => Promise<T>): Promise<T> {
  if (encoded.length === 0)
    throw new DataError("image-damaged", { file: "", reason: "the file is empty" }, "the file is empty");
  try {
    return await read();
  } catch (cause) {
    throw new DataError("image-damaged", { file: "", reason: reasonOf(cause as Error) }, reasonOf(cause as Error), {
      cause,
    });
  }
}

/** The decoder's reason, or our own, clearer one. */
const reasonOf = ({ message }: Error): string =>
  /unsupported image format|blocked/i.test(message)
    ? `it is not a ${FORMATS} file, whatever its name`
    : message.trim().replaceAll(/\s+/g, " ");

/**
 * Brings a decoded image to the target's channels and size with the engine's own arithmetic, so that an evaluation uses the
 * same bytes as a deployed model.
 *
 * @returns `[height, width, channels]` bytes.
 * @throws {DataError} if `resize` and `fit` are "exact" and the image has another size.
 */
export function fitImage(image: RawImage, target: PixelTarget, name: string): Uint8Array {
  const { fit = "exact", ...preprocessing } = target;
  if (fit === "exact" && !hasSize(image, target))
    throw new DataError(
      "image-wrong-size",
      { file: name, found: [image.width, image.height], expected: [target.width, target.height] },
      `${name} is ${image.width}×${image.height} pixels where ${target.width}×${target.height} is expected. Resize the images to that ` +
        "size, or have them resized and cropped: give `fit` cover, or `size` when training.",
    );
  return preprocess(image, { ...preprocessing, ...UNUSED }, fit);
}

/** Whether the image has the size that `target.resize` requires; true if it requires none. */
export const hasSize = ({ height, width }: RawImage, target: PixelTarget): boolean =>
  target.resize !== "exact" || (height === target.height && width === target.width);

/** Mean and standard deviation are part of a model's preprocessing, but not needed for bytes. */
const UNUSED = { mean: [], std: [] };
