/** @file Opens the images that a model is to see, in its size and channels. */

import type { Preprocessing } from "@subbyte/engine";
import { type ImageSet, type OpenOptions, openImages } from "../data/index.js";
import { defined } from "../defined.js";
import { DataError } from "../errors.js";
import type { OpenedModel } from "../model-file/index.js";
import type { Run } from "./run.js";

/** Stored size over the network's where random resized crops are taken from photographs, the 256 / 224 of ImageNet training. */
export const CROP_HEADROOM = 1.15;

/** The options that say which images. */
export interface ImageOptions {
  readonly data: string;
  readonly split?: "train" | "test" | "val";
  readonly limit?: number;
  readonly splitSeed: number;
  readonly skipBadImages: boolean;
}

/** Images as a model takes them. */
export const openImagesFor = (
  { height, width, channels, resize, resizeTo }: Omit<Preprocessing, "mean" | "std">,
  split: OpenOptions["split"],
  options: ImageOptions,
  run: Run,
  more: Pick<OpenOptions, "headroom" | "limit" | "validationShare"> = {},
): Promise<ImageSet> =>
  openTaskImages(options, run, {
    split,
    size: [height, width],
    channels,
    resize,
    ...defined({ resizeTo }),
    ...more,
  });

/** @param how what the task decides; `split`, `limit` and the like come from the options */
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

/** Number of classes of a model. */
export const classesOf = (model: OpenedModel): number =>
  model.kind === "quantized" ? model.program.classes : model.classes;

/** @throws {DataError} where model and images do not have the same number of classes */
export function requireSameClasses(model: OpenedModel, images: ImageSet): void {
  const classes = classesOf(model);
  if (classes === images.classes.length) return;
  throw new DataError(
    "class-mismatch",
    { source: images.name, found: images.classes.length, expected: classes },
    `${model.path} has ${classes} classes, the images of "${images.name}" have ${images.classes.length} ` +
      `(${sample(images.classes)}). Use the data that the model was trained for, or train a model for these classes: ` +
      "the task `train` with `from` takes over all but the last layer.",
  );
}

const sample = (names: readonly string[]): string =>
  names.length <= 4 ? names.join(", ") : `${names.slice(0, 3).join(", ")} … ${names.at(-1)}`;
