/** @file The images that callers pass, and their pixels. */

import { isObject, wrongArgument } from "../arguments.js";
import { InputError } from "../errors.js";
import type { Bitmap } from "../host-types.js";
import { checkImage, type RawImage } from "../preprocess/resize.js";
import { hasColourProfile } from "./colour-profile.js";

/** Pixels, or a browser's decoded image whose pixels have not been read yet; both can be posted to a worker. */
export type Picture = RawImage | BitmapPicture;

export interface BitmapPicture {
  readonly bitmap: Bitmap;
  /** Whether colors are as in the file; else they may have been multiplied by alpha. */
  readonly asStored: boolean;
}

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
 * The pictures that `classify` takes: decoded bytes with 1, 3 or 4 channels; `ImageData`; in browsers also
 * `ImageBitmap`, `VideoFrame`, `Blob`, and image, canvas and video elements. These are described by their shape, so
 * that the types do not need the DOM library.
 */
export type ImageInput =
  | RawImage
  | ImageDataLike
  | SizedSource
  | ImageElementLike
  | VideoFrameLike
  | VideoElementLike
  | Blob;

/**
 * Decodes without changing stored values by alpha, and applies the rotation of EXIF. Colors of a file with a profile become
 * sRGB, those of other files stay as stored, as in Node. For an image element the file is unknown, so the browser converts it
 * as it does for the screen.
 */
async function decodingOf(source: ImageBitmapSource): Promise<ImageBitmapOptions> {
  const converts = !(source instanceof Blob) || (await hasColourProfile(source));
  return { premultiplyAlpha: "none", colorSpaceConversion: converts ? "default" : "none" };
}

/** Bitmaps that were decoded in this way. */
const asStored = new WeakSet<object>();

/**
 * Decodes an image file in a browser to the sRGB bytes that decoders in Node give.
 * @throws {InputError} if the browser cannot decode it.
 */
export async function decodeImage(file: Blob): Promise<Bitmap> {
  if (typeof createImageBitmap === "undefined")
    throw new InputError(
      "no-image-decoder",
      {},
      "this JavaScript engine decodes no images; pass decoded bytes { data, width, height, channels }",
    );
  return bitmapOf(file);
}

/** A picture that can be posted and read in any thread, and whether the engine must close it. */
export async function pictureOf(image: ImageInput): Promise<{ readonly picture: Picture; readonly owned: boolean }> {
  if (!isObject(image)) throw notAnImage(image);
  if ("data" in image) {
    const raw = "channels" in image ? image : rgba(image);
    checkImage(raw);
    return { picture: raw, owned: false };
  }
  if (typeof createImageBitmap === "undefined")
    throw new InputError(
      "no-image-decoder",
      {},
      "an image must be decoded bytes { data, width, height, channels } where there is no browser",
    );
  if (image instanceof ImageBitmap) return { picture: { bitmap: image, asStored: asStored.has(image) }, owned: false };
  return { picture: { bitmap: await bitmapOf(image as ImageBitmapSource), asStored: true }, owned: true };
}

const rgba = ({ data, width, height }: ImageDataLike): RawImage => ({ data, width, height, channels: 4 });

async function bitmapOf(source: ImageBitmapSource): Promise<Bitmap> {
  try {
    // An image element may still be loading.
    if ("decode" in source) await (source as unknown as { decode(): Promise<void> }).decode();
    const bitmap = await createImageBitmap(source, await decodingOf(source));
    asStored.add(bitmap);
    return bitmap;
  } catch (cause) {
    throw new InputError(
      "image-unreadable",
      { reason: cause instanceof Error ? cause.message : String(cause) },
      `the image cannot be read: ${cause instanceof Error ? cause.message : cause}`,
      { cause },
    );
  }
}

const notAnImage = (found: unknown): InputError =>
  wrongArgument(
    "an image",
    found,
    "{ data, width, height, channels }, ImageData or, in a browser, an image, video or canvas element, an ImageBitmap, a VideoFrame or a Blob",
  );

/** Whether an error means that a picture's pixels may not be read because it comes from another origin. */
const isForeign = (cause: unknown): boolean =>
  isObject(cause) && ["DataCloneError", "SecurityError"].includes((cause as { readonly name?: string }).name ?? "");

/** The reason why a message to a worker could not be sent: pictures of other origins must stay in the page. */
export function notPostable(cause: unknown): unknown {
  if (!isForeign(cause)) return cause;
  return new InputError(
    "image-unreadable",
    { reason: String(cause) },
    "the pixels of an image from another origin cannot be read; serve it with CORS headers and set crossOrigin on the " +
      "element, or fetch it as a Blob",
    { cause },
  );
}

/**
 * The pixels of a picture. A canvas returns opaque colors exactly, but translucent ones only as precisely as alpha allows. If a
 * bitmap has its colors as stored, they are read through a texture instead, if the browser has WebGL.
 */
export function pixelsOf(picture: Picture): RawImage {
  if (!isObject(picture)) throw notAnImage(picture);
  if ("data" in picture) {
    checkImage(picture);
    return picture;
  }
  const { bitmap } = picture;
  if (!isObject(bitmap)) throw notAnImage(picture);
  if (typeof OffscreenCanvas === "undefined") throw noCanvas();
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  if (context === null) throw noCanvas();
  const drawn = drawnPixels(context, bitmap);
  if (!picture.asStored || isOpaque(drawn.data)) return drawn;
  return texturePixels(bitmap) ?? drawn;
}

const noCanvas = (): InputError =>
  new InputError("no-image-decoder", {}, "there is no canvas here to read pixels with; pass decoded bytes instead");

function drawnPixels(context: OffscreenCanvasRenderingContext2D, bitmap: Bitmap): RawImage {
  context.drawImage(bitmap, 0, 0);
  try {
    return rgba(context.getImageData(0, 0, bitmap.width, bitmap.height));
  } catch (cause) {
    throw notPostable(cause);
  }
}

function isOpaque(rgba: RawImage["data"]): boolean {
  for (let i = 3; i < rgba.length; i += 4) if (rgba[i] !== 255) return false;
  return true;
}

/** Reads a bitmap through a WebGL texture, which does not change its values. */
function texturePixels(bitmap: Bitmap): RawImage | undefined {
  const { width, height } = bitmap;
  const gl = new OffscreenCanvas(1, 1).getContext("webgl2");
  if (gl === null || Math.max(width, height) > gl.getParameter(gl.MAX_TEXTURE_SIZE)) return undefined;
  const texture = gl.createTexture();
  gl.bindTexture(gl.TEXTURE_2D, texture);
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, bitmap);
  gl.bindFramebuffer(gl.FRAMEBUFFER, gl.createFramebuffer());
  gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture, 0);
  const data = new Uint8Array(4 * width * height);
  gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, data);
  const isRead = gl.getError() === gl.NO_ERROR;
  // Browsers keep few contexts; this one need not wait for the garbage collector.
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  return isRead ? rgba({ data, width, height }) : undefined;
}
