/** @file Opens the images that a model is to see: its size, channels and normalization, unless the options say otherwise. */

import type { Preprocessing } from "@subbyte/engine";
import { type ImageSet, type OpenedModel, type OpenOptions, openImages, UsageError } from "@subbyte/toolkit";
import type { CommonOptions, DataOptions } from "./options.js";
import { startProgress } from "./progress.js";

/** Mean and standard deviation of ImageNet's training images and of MNIST's, what published weights were trained with. */
export const usualNormalization = {
  1: { mean: [0.1307], std: [0.3081] },
  3: { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
} as const;

/** How a model wants its images: from the file where it says, else from the options, else the usual. */
export function preprocessingOf(model: OpenedModel, options: DataOptions): Preprocessing {
  if (model.kind === "quantized") return model.program.preprocessing;
  const [channels, height, width] = model.shape;
  if (channels !== 1 && channels !== 3)
    throw new UsageError(`${model.path} takes ${channels} channels; images have 1 or 3.`);
  const { description } = model;
  const usual = usualNormalization[channels];
  return {
    channels,
    height,
    width,
    ...(options.resizeTo === undefined ? { resize: "exact" } : { resize: "shorter-side", resizeTo: options.resizeTo }),
    mean: options.mean ?? description?.mean ?? usual.mean,
    std: options.std ?? description?.std ?? usual.std,
  };
}

export async function openImagesFor(
  preprocessing: Pick<Preprocessing, "channels" | "height" | "width" | "resizeTo">,
  source: string,
  split: OpenOptions["split"],
  options: DataOptions & CommonOptions,
  signal: AbortSignal,
): Promise<ImageSet> {
  const progress = startProgress("decoding", 0, { quiet: options.quiet ?? false });
  try {
    const images = await openImages(source, {
      split: options.split ?? split,
      size: [preprocessing.height, preprocessing.width],
      channels: preprocessing.channels,
      seed: options.seed,
      signal,
      ...(preprocessing.resizeTo === undefined ? {} : { resizeTo: preprocessing.resizeTo }),
      ...(options.limit === undefined ? {} : { limit: options.limit }),
      ...(options.skipBadImages ? { skipBadImages: true } : {}),
      onProgress: ({ images: done, of }) => progress.update(done, `of ${of} images`),
    });
    if (!options.quiet) for (const note of images.notes) process.stderr.write(`note: ${note}\n`);
    return images;
  } finally {
    progress.stop();
  }
}
