/** @file Images as they come to the engine, and their pixels. */

import { InputError } from "../errors.js";
import type { RawImage } from "../preprocess/resize.js";

/** Pixels, or a browser's decoded image whose pixels are still to be read; both can be posted to a worker. */
export type Picture = RawImage | ImageBitmap;

/** RGBA bytes, as a canvas gives them. */
interface ImageDataLike {
  readonly data: Uint8ClampedArray | Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** `ImageBitmap` and canvases. */
interface SizedSource {
  readonly width: number;
  readonly height: number;
}

/** `HTMLImageElement`. */
interface ImageElementLike {
  readonly naturalWidth: number;
  readonly naturalHeight: number;
}

/** `VideoFrame`. */
interface VideoFrameLike {
  readonly displayWidth: number;
  readonly displayHeight: number;
}

/** `HTMLVideoElement`. */
interface VideoElementLike {
  readonly videoWidth: number;
  readonly videoHeight: number;
}

/**
 * What `classify` takes: decoded bytes with 1, 3 or 4 channels; `ImageData`; in browsers also `ImageBitmap`, `VideoFrame`,
 * `Blob`, and image, canvas and video elements. Described by their shape, so that the types need no DOM.
 */
export type ImageInput =
  | RawImage
  | ImageDataLike
  | SizedSource
  | ImageElementLike
  | VideoFrameLike
  | VideoElementLike
  | Blob;

/** Neither alpha nor a colour profile changes the stored values; rotation by EXIF is applied. */
const asStored = { premultiplyAlpha: "none", colorSpaceConversion: "none" } as const;

/**
 * Decodes an image file in a browser to the bytes that other decoders give.
 * @throws {InputError} where the browser cannot decode it.
 */
export async function decodeImage(file: Blob): Promise<ImageBitmap> {
  if (typeof createImageBitmap === "undefined")
    throw new InputError(
      "this JavaScript engine decodes no images; pass decoded bytes { data, width, height, channels }",
    );
  return bitmapOf(file);
}

/** Something that can be posted and read in any thread. The caller's own bitmaps stay the caller's. */
export async function pictureOf(image: ImageInput): Promise<{ readonly picture: Picture; readonly owned: boolean }> {
  if ("data" in image) return { picture: "channels" in image ? image : { ...rgba(image) }, owned: false };
  if (typeof createImageBitmap === "undefined")
    throw new InputError("an image must be decoded bytes { data, width, height, channels } where there is no browser");
  if (typeof ImageBitmap !== "undefined" && image instanceof ImageBitmap) return { picture: image, owned: false };
  return { picture: await bitmapOf(image as ImageBitmapSource), owned: true };
}

const rgba = ({ data, width, height }: ImageDataLike): RawImage => ({ data, width, height, channels: 4 });

async function bitmapOf(source: ImageBitmapSource): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(source, asStored);
  } catch (cause) {
    throw new InputError(`the image cannot be read: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

/** The pixels of a picture. Opaque ones are exact; of translucent ones a canvas keeps colours only as far as alpha allows. */
export function pixelsOf(picture: Picture): RawImage {
  if ("data" in picture) return picture;
  const { width, height } = picture;
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  if (context === null)
    throw new InputError("this browser gives no canvas to read pixels with; pass ImageData instead");
  context.drawImage(picture, 0, 0);
  return rgba(context.getImageData(0, 0, width, height));
}
