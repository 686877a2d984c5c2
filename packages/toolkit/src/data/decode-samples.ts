/** @file Decodes the chosen images of a source into one buffer, all of one size. */

import { constants } from "node:buffer";
import { availableParallelism } from "node:os";
import { DataError, InterruptedError, MachineError } from "../errors.js";
import { decodeImage, fitImage, hasSize, type PixelTarget } from "./decode.js";
import type { DecodedImages } from "./image-set.js";
import type { Samples } from "./source.js";
import { everyNth } from "./split.js";
import { TaskPool } from "./task-pool.js";

/** See `OpenOptions`. */
export interface DecodeOptions {
  readonly limit?: number;
  readonly skipBadImages?: boolean;
  readonly threads?: number;
  readonly onProgress?: (progress: { readonly images: number; readonly of: number }) => void;
  readonly signal?: AbortSignal;
}

export interface DecodedSamples extends Pick<DecodedImages, "storedHeight" | "storedWidth" | "labels" | "pixels"> {
  /** Names of damaged images that were left out, sorted. */
  readonly skipped: readonly string[];
  /** Number of images whose size is not the one that the rule "exact" requires. */
  readonly misfits: number;
}

/**
 * Decodes the samples, or about `limit` of them, several at a time, into one buffer.
 * @param target size of the decoded images; by default the first image's own
 * @throws {DataError} for a damaged image, unless it is skipped, and if none can be decoded
 */
export async function decodeSamples(
  samples: Samples,
  source: string,
  channels: 1 | 3,
  target: Omit<PixelTarget, "channels"> | undefined,
  options: DecodeOptions,
): Promise<DecodedSamples> {
  const { skipBadImages = false, threads = availableParallelism(), onProgress, signal } = options;
  const chosen = everyNth(samples.labels, options.limit);
  const good = new Uint8Array(chosen.length);
  const skipped: string[] = [];
  let shape: PixelTarget | undefined = target && { ...target, channels };
  let size = 0;
  let pixels: Uint8Array | undefined;
  let done = 0;
  let misfits = 0;

  const pool = new TaskPool(threads);
  for await (const { position, content } of samples.read(chosen)) {
    const name = samples.nameOf(chosen[position]!);
    const decode = async () => {
      const image = await decodeImage(content, name).catch((error: unknown) => {
        if (!(skipBadImages && error instanceof DataError)) throw error;
        skipped.push(name);
      });
      if (image !== undefined) {
        shape ??= { channels, height: image.height, width: image.width, resize: "exact", resizeTo: 0 };
        if (!hasSize(image, shape)) misfits++;
        const fitted = fitImage(image, shape, name);
        size = fitted.length;
        pixels ??= allocate(chosen.length * size, source);
        pixels.set(fitted, position * size);
        good[position] = 1;
      }
      done++;
      if (done % 64 === 0 || done === chosen.length) onProgress?.({ images: done, of: chosen.length });
    };
    if (signal?.aborted)
      throw new InterruptedError(
        "interrupted",
        { source },
        `decoding of "${source}" was interrupted; the next run starts it anew`,
      );
    // The first image decides the size. Until then, images are decoded one at a time, so that it does not matter which is
    // faster.
    if (shape === undefined) await decode();
    else await pool.start(decode);
  }
  await pool.finish();
  if (shape === undefined || pixels === undefined)
    throw new DataError(
      "image-damaged",
      { file: source, reason: skipped[0] ?? "no images" },
      `none of the ${chosen.length} images of "${source}" can be decoded: ${skipped[0] ?? "it has none"}`,
    );
  const kept = chosen.filter((_, position) => good[position] === 1);
  return {
    storedHeight: shape.height,
    storedWidth: shape.width,
    labels: Int32Array.from(kept, (index) => samples.labels[index]!),
    pixels: skipped.length === 0 ? pixels : compact(pixels, size, good),
    skipped: skipped.sort(),
    misfits,
  };
}

function allocate(sizeBytes: number, source: string): Uint8Array {
  const advice = "Take fewer images (`limit`) or a smaller `size`.";
  const described = `the decoded images of "${source}" take ${(sizeBytes / 2 ** 30).toFixed(1)} GiB`;
  if (sizeBytes > constants.MAX_LENGTH)
    throw new DataError(
      "images-too-large",
      { source: described, found: sizeBytes },
      `${described}, more than one buffer can hold here. ${advice}`,
    );
  try {
    return new Uint8Array(sizeBytes);
  } catch (error) {
    throw new MachineError(
      "out-of-memory",
      { reason: described },
      `${described}, more memory than there is. ${advice}`,
      { cause: error },
    );
  }
}

/** Moves the good images together, over the damaged ones. */
function compact(pixels: Uint8Array, size: number, good: Uint8Array): Uint8Array {
  let count = 0;
  good.forEach((isGood, position) => {
    if (isGood === 1) pixels.copyWithin(count++ * size, position * size, (position + 1) * size);
  });
  return pixels.slice(0, count * size);
}
