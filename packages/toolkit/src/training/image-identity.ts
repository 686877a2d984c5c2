/** @file The identity of an image set. A run can only be resumed on a set with the same identity. */

import { createHash } from "node:crypto";
import type { ImageSet } from "../data/types.js";

/** Images per batch while they are read. */
const BATCH = 256;

/** A readable name, count and size, and a hash of classes, labels and all pixels, in order. */
export async function imageIdentity(images: ImageSet): Promise<string> {
  const { name, split, length, height, width, classes } = images;
  const hash = createHash("sha256").update(JSON.stringify(classes));
  for await (const { images: pixels, labels } of images.batches({ batchSize: BATCH }))
    hash.update(pixels).update(new Uint8Array(labels.buffer, labels.byteOffset, labels.byteLength));
  return `${name} ${split}, ${length} images of ${width}×${height}, SHA-256 ${hash.digest("hex").slice(0, 16)}…`;
}
