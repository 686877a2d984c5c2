/** @file Image files to pixels, in the threads that compute: pixels are many times the file, and need not go from thread to thread. */

import type { RawImage } from "@subbyte/engine";
import { decodeBytes } from "@subbyte/toolkit/decode";
import type { EncodedItem, ItemError } from "./protocol.js";

export type DecodedItem = { readonly image: RawImage; readonly milliseconds: number } | { readonly error: ItemError };

/** Decodes as `evaluate` does. Decoding runs in threads of libuv: those of several files overlap, and with computing. */
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
