/** @file Opens the images that a model is to see: its size, channels and normalization, unless the options say otherwise. */

import type { Preprocessing } from "@subbyte/engine";
import { ModelError } from "@subbyte/graph";
import {
  DataError,
  type ImageSet,
  type OpenedModel,
  type OpenOptions,
  openImages,
  type QuantizedModel,
  UsageError,
} from "@subbyte/toolkit";
import type { CommonOptions, DataOptions } from "./options.js";
import { startProgress } from "./progress.js";

/** Mean and standard deviation of ImageNet's training images and of MNIST's, what published weights were trained with. */
const usualNormalization = {
  1: { mean: [0.1307], std: [0.3081] },
  3: { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
} as const;

/** Stored size over the network's where random resized crops are taken from photographs, the 256 / 224 of ImageNet training. */
export const CROP_HEADROOM = 1.15;

/**
 * The normalization of a float network: the options', else the model's, else the usual.
 * @throws {UsageError} for another number of values than channels, or a deviation that is not positive
 */
export function normalizationOf(
  channels: 1 | 3,
  options: Pick<DataOptions, "mean" | "std">,
  described?: Pick<Preprocessing, "mean" | "std">,
): Pick<Preprocessing, "mean" | "std"> {
  const { mean, std } = { ...usualNormalization[channels], ...described, ...normalizationIn(options) };
  for (const [name, values] of Object.entries({ mean, std }))
    if (values.length !== channels)
      throw new UsageError(
        "option-value",
        { option: name, value: values, expected: `${channels} numbers` },
        `--${name} ${values}: ${values.length} values for ${channels} channels; give ${channels === 1 ? "one value" : "three values, e.g. 0.5,0.5,0.5"}.`,
      );
  if (!std.every((value) => value > 0))
    throw new UsageError(
      "option-value",
      { option: "std", value: std, expected: "above 0" },
      `--std ${std}: a standard deviation is greater than 0.`,
    );
  return { mean, std };
}

const normalizationIn = ({ mean, std }: Pick<DataOptions, "mean" | "std">) => ({
  ...(mean === undefined ? {} : { mean }),
  ...(std === undefined ? {} : { std }),
});

/**
 * How a model wants its images: from the file where it says, else from the options, else the usual. Images of another size are
 * refused unless `--size`, `--resize-to` or the model's own training asked for resizing.
 */
export function preprocessingOf(model: OpenedModel, options: DataOptions): Preprocessing {
  if (model.kind === "quantized") return storedPreprocessing(model, options);
  const [channels, height, width] = model.shape;
  if (channels !== 1 && channels !== 3)
    throw new ModelError(
      "not-a-classifier",
      { graph: model.path, found: channels, expected: [1, 3] },
      `${model.path} takes ${channels} channels; images have 1 or 3.`,
    );
  if (options.size !== undefined && (options.size !== height || options.size !== width))
    throw new UsageError(
      "option-mismatch",
      { option: "size", value: options.size, found: [width, height], file: model.path },
      `--size ${options.size}: ${model.path} takes images of ${width}×${height} pixels; leave --size out, or build or export the network for that size.`,
    );
  const { description } = model;
  const resizeTo =
    options.resizeTo ?? description?.resizeTo ?? (options.size === undefined ? undefined : Math.max(height, width));
  return {
    channels,
    height,
    width,
    ...(resizeTo === undefined ? { resize: "exact" } : { resize: "shorter-side", resizeTo }),
    ...normalizationOf(channels, options, description),
  };
}

/** An integer network has its preprocessing in its input tables; an option may repeat it, not change it. */
function storedPreprocessing({ program, path }: QuantizedModel, options: DataOptions): Preprocessing {
  const { preprocessing } = program;
  const stored = { ...preprocessing, size: preprocessing.height };
  for (const name of ["mean", "std", "size", "resizeTo"] as const) {
    const given = options[name];
    if (given !== undefined && String(given) !== String(stored[name]))
      throw new UsageError(
        "option-mismatch",
        { option: name, value: given as number, found: stored[name] ?? null, file: path },
        `--${name === "resizeTo" ? "resize-to" : name} ${given}: ${path} was quantized with ${stored[name] ?? "images of exactly its size"}; leave the option out, or quantize again with it.`,
      );
  }
  return preprocessing;
}

export type ImageOptions = DataOptions & CommonOptions;

/** Images as a model takes them. */
export const openImagesFor = (
  { height, width, channels, resize, resizeTo }: Omit<Preprocessing, "mean" | "std">,
  source: string,
  split: OpenOptions["split"],
  options: ImageOptions,
  signal: AbortSignal,
  more: Pick<OpenOptions, "headroom" | "limit" | "validationShare"> = {},
): Promise<ImageSet> =>
  openWithProgress(source, options, signal, {
    split,
    size: [height, width],
    channels,
    resize,
    ...(resizeTo === undefined ? {} : { resizeTo }),
    ...more,
  });

/** @param how what the command decides; `--split`, `--limit` and the like come from the options */
export async function openWithProgress(
  source: string,
  options: ImageOptions,
  signal: AbortSignal,
  how: OpenOptions,
): Promise<ImageSet> {
  const { quiet = false } = options;
  const progress = startProgress("decoding images", 0, { quiet });
  try {
    const images = await openImages(source, {
      seed: options.splitSeed,
      signal,
      ...(options.limit === undefined ? {} : { limit: options.limit }),
      ...(options.skipBadImages ? { skipBadImages: true } : {}),
      onProgress: ({ images: done, of }) => progress.update(done, "", of),
      ...how,
      ...(options.split === undefined ? {} : { split: options.split }),
    });
    if (!quiet) tell(images.notes);
    return images;
  } finally {
    progress.stop();
  }
}

const told = new Set<string>();

/** Prints remarks on stderr, each once. */
export function tell(notes: readonly string[]): void {
  for (const note of notes) {
    if (!told.has(note)) process.stderr.write(`note: ${note}\n`);
    told.add(note);
  }
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
      "subbyte train --from takes over all but the last layer.",
  );
}

const sample = (names: readonly string[]): string =>
  names.length <= 4 ? names.join(", ") : `${names.slice(0, 3).join(", ")} … ${names.at(-1)}`;
