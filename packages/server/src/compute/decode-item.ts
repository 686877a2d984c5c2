/**
 * @file Decodes image files in the threads that compute: pixels are many times larger than the file, and so need not be sent
 * between threads.
 */

import type { RawImage } from "@subbyte/engine";
import { decodeBytes } from "@subbyte/toolkit/decode";
import type { EncodedItem, ItemError } from "./protocol.js";

export type DecodedItem = { readonly image: RawImage; readonly milliseconds: number } | { readonly error: ItemError };

/**
 * Decodes an image file in the same way as `subbyte evaluate`. Decoding runs in threads of libuv, so several files are
 * decoded at the same time, also during computing.
 */
export async function decodeItem({ encoded, pixels }: EncodedItem): Promise<DecodedItem> {
  const begun = performance.now();
  try {
    // Memory is reserved for the number of pixels in the header, so a file with more pixels is refused.
    const image = await decodeBytes(encoded, pixels);
    return { image, milliseconds: performance.now() - begun };
  } catch (error) {
    return { error: { kind: "image", message: (error as Error).message } };
  }
}
