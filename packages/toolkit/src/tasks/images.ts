/** @file Opens the images for a task, with the size and channels that it needs. */

import { type ImageSet, type OpenOptions, openImages } from "../data/index.js";
import { defined } from "../defined.js";
import type { Preparation } from "./preprocessing.js";
import type { Run } from "./run.js";

/** Factor between stored and network size for random resized crops of photographs: the 256 / 224 of ImageNet training. */
export const CROP_HEADROOM = 1.15;

/** The options that choose images. */
export interface ImageOptions {
  readonly data: string;
  readonly split?: "train" | "test" | "val";
  readonly limit?: number;
  readonly splitSeed: number;
  readonly skipBadImages: boolean;
  readonly fit?: "cover" | "exact";
}

/** Images as a model takes them, with the classes that the data has. */
export const openImagesFor = (
  { preprocessing: { height, width, channels, resize, resizeTo } }: Preparation,
  split: OpenOptions["split"],
  options: ImageOptions,
  run: Run,
  more: Pick<OpenOptions, "headroom" | "limit" | "validationShare" | "labels"> = {},
): Promise<ImageSet> =>
  openTaskImages(options, run, {
    split,
    size: [height, width],
    channels,
    resize,
    ...defined({ resizeTo, fit: options.fit }),
    ...more,
  });

/** @param how settings that the task decides; `split`, `limit` and others come from the options */
export async function openTaskImages(options: ImageOptions, run: Run, how: OpenOptions): Promise<ImageSet> {
  run.phase("opening images");
  const { data, split, limit, splitSeed, skipBadImages } = options;
  const images = await openImages(data, {
    seed: splitSeed,
    skipBadImages,
    signal: run.signal,
    cache: run.cache,
    ...defined({ limit }),
    onProgress: ({ images: done, of }) => run.progress(done, of, { unit: "images" }),
    ...how,
    ...defined({ split }),
  });
  for (const note of images.notes) run.note(note);
  return images;
}
