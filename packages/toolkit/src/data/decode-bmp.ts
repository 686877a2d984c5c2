/** @file Decodes BMP files, which libvips cannot read here. */

import type { RawImage } from "@subbyte/engine";
import { decode } from "bmp-ts";

export const isBmp = (bytes: Uint8Array): boolean => bytes[0] === 0x42 && bytes[1] === 0x4d;

const HEADER_BYTES = 54;

/** @throws {Error} if the file ends within its header */
export function bmpSize(bytes: Uint8Array): { readonly height: number; readonly width: number } {
  if (bytes.length < HEADER_BYTES) throw new Error("the file ends in its header");
  const header = new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES);
  // A negative height means rows from the top to the bottom.
  return { height: Math.abs(header.getInt32(22, true)), width: Math.abs(header.getInt32(18, true)) };
}

/**
 * The RGB bytes of a BMP file; transparency is dropped.
 *
 * @param maxPixels larger images are refused before memory is allocated for them
 * @throws {Error} if the file is damaged, too large, or of an unsupported kind
 */
export function decodeBmp(bytes: Uint8Array, maxPixels: number): RawImage {
  const { height, width } = bmpSize(bytes);
  if (height * width > maxPixels) throw new Error("Input image exceeds pixel limit");
  if (height * width === 0) throw new Error(`the file says that it has ${width} × ${height} pixels`);
  const { data } = decode(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), { toRGBA: true });
  if (data.length !== 4 * height * width)
    throw new Error("the file has a different number of pixels than its header says");
  const rgb = new Uint8Array(3 * width * height);
  for (let from = 0, to = 0; to < rgb.length; from += 4, to += 3) rgb.set(data.subarray(from, from + 3), to);
  return { data: rgb, height, width, channels: 3 };
}
