/** @file How a model wants its images: from its file where that says so, else from the options, else the usual. */

import type { Preprocessing } from "@subbyte/engine";
import { ModelError } from "@subbyte/graph";
import { defined } from "../defined.js";
import { UsageError } from "../errors.js";
import {
  composedNormalization,
  type OpenedModel,
  outerNormalization,
  type QuantizedModel,
} from "../model-file/index.js";

/** The options that change it. */
export interface PreprocessingOptions {
  readonly size?: number;
  readonly resizeTo?: number;
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
}

type Normalization = Pick<Preprocessing, "mean" | "std">;

/** Mean and standard deviation of the training images of ImageNet and of MNIST, which published weights were trained with. */
const usualNormalization = {
  1: { mean: [0.1307], std: [0.3081] },
  3: { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
} as const satisfies Readonly<Record<1 | 3, Normalization>>;

/**
 * The normalization of a float network: the options', else the model's, else the usual.
 * @throws {UsageError} for another number of values than channels, or a deviation that is not positive
 */
export function normalizationOf(
  channels: 1 | 3,
  { mean: givenMean, std: givenStd }: Partial<Normalization>,
  described?: Normalization,
): Normalization {
  const { mean, std } = {
    ...usualNormalization[channels],
    ...described,
    ...defined({ mean: givenMean, std: givenStd }),
  };
  for (const [name, values] of Object.entries({ mean, std }))
    if (values.length !== channels)
      throw new UsageError(
        "option-value",
        { option: name, value: values, expected: `${channels} numbers` },
        `\`${name}\` ${values}: ${values.length} values for ${channels} channels; give ${channels === 1 ? "one value" : "three values, e.g. 0.5,0.5,0.5"}.`,
      );
  if (!std.every((value) => value > 0))
    throw new UsageError(
      "option-value",
      { option: "std", value: std, expected: "above 0" },
      `\`std\` ${std}: a standard deviation is greater than 0.`,
    );
  return { mean, std };
}

/** Images of another size are refused unless `size`, `resizeTo` or the model's own training asked for resizing. */
export function preprocessingOf(model: OpenedModel, options: PreprocessingOptions): Preprocessing {
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
      `\`size\` ${options.size}: ${model.path} takes images of ${width}×${height} pixels; leave \`size\` out, or build or export the network for that size.`,
    );
  const { description, input } = model;
  const described = description ?? (input && outerNormalization(input, channels));
  const resizeTo =
    options.resizeTo ?? description?.resizeTo ?? (options.size === undefined ? undefined : Math.max(height, width));
  return {
    channels,
    height,
    width,
    ...(resizeTo === undefined ? { resize: "exact" } : { resize: "shorter-side", resizeTo }),
    ...composedNormalization(normalizationOf(channels, options, described), input?.normalization),
  };
}

/** An integer network has its preprocessing in its input tables; an option may repeat it, not change it. */
function storedPreprocessing({ program, path }: QuantizedModel, options: PreprocessingOptions): Preprocessing {
  const { preprocessing } = program;
  const stored = { ...preprocessing, size: preprocessing.height };
  for (const name of ["mean", "std", "size", "resizeTo"] as const) {
    const given = options[name];
    if (given !== undefined && String(given) !== String(stored[name]))
      throw new UsageError(
        "option-mismatch",
        { option: name, value: given, found: stored[name] ?? null, file: path },
        `\`${name}\` ${given}: ${path} was quantized with ${stored[name] ?? "images of exactly its size"}; leave the option out, or quantize again with it.`,
      );
  }
  return preprocessing;
}
