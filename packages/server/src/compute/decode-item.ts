/**
 * @file Decodes image files in the threads that compute: pixels are many times larger than the file, and so need not be sent
 * between threads.
 */

import type { RawImage } from "@subbyte/engine";
import { decodeBytes } from "@subbyte/toolkit/decode";
import type { EncodedItem, ItemError } from "./protocol.js";

export type DecodedItem = { readonly image: RawImage; readonly milliseconds: number } | { readonly error: ItemError };

/**
 * Decodes as `evaluate` does. Decoding runs in threads of libuv, so several files are decoded at the same time, also during
 * computing.
 */
export async function decodeItem({ encoded, pixels }: EncodedItem): Promise<DecodedItem> {
  const begun = performance.now();
  try {
    // A decoder that finds more pixels than the header told would take memory that nobody has set aside.
    const image = await decodeBytes(encoded, pixels);
    return { image, milliseconds: performance.now() - begun };
  } catch (error) {
    return { error: { kind: "image", message: (error as Error).message } };
  }
}
