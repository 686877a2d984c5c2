/** @file Determines how images are prepared for a model: by its file, else by the options, else in the usual way. */

import type { Preprocessing } from "@subbyte/engine";
import { ModelError } from "@subbyte/graph";
import { usualNormalizations } from "../data/index.js";
import { defined } from "../defined.js";
import { UsageError } from "../errors.js";
import {
  composedNormalization,
  type OpenedModel,
  outerNormalization,
  type QuantizedModel,
} from "../model-file/index.js";
import type { Run } from "./run.js";

/** The options that change the preparation. */
export interface PreprocessingOptions {
  readonly size?: number;
  readonly resizeTo?: number;
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
  readonly channelOrder?: "rgb" | "bgr";
}

export type Normalization = Pick<Preprocessing, "mean" | "std">;

/** The origin of a value: the options, the model's file, or neither. */
export type Origin = "options" | "file" | "guess";

/** How images are prepared for a model, and the origin of these settings. */
export interface Preparation {
  readonly preprocessing: Preprocessing;
  /** The normalization that the file expects; `preprocessing` also includes the normalization inside the network. */
  readonly normalization: Normalization;
  readonly origin: Readonly<Record<keyof Normalization, Origin>>;
  /** The order in which the file takes the channels; in `preprocessing` the order is RGB. */
  readonly channelOrder: "rgb" | "bgr";
}

/** Largest mean and deviation that can be those of pixels / 255, which lie in 0 … 1. */
const LARGEST = { mean: 2, std: 4 } as const;

/**
 * The normalization of a float network: from the options, else from the model, else the usual one.
 * @throws {UsageError} if there are not as many values as channels, if values are in units of pixels, or if a deviation is not
 * positive
 */
export function normalizationOf(
  channels: 1 | 3,
  { mean: givenMean, std: givenStd }: Partial<Normalization>,
  described?: Normalization,
): Normalization {
  const { mean, std } = {
    ...usualNormalizations(channels)[0]!,
    ...described,
    ...defined({ mean: givenMean, std: givenStd }),
  };
  for (const [option, values] of Object.entries({ mean, std })) {
    const fail = (expected: string, reason: string): never => {
      throw new UsageError("option-value", { option, value: values, expected }, `\`${option}\` ${values}: ${reason}.`);
    };
    if (values.length !== channels)
      fail(
        `${channels} numbers`,
        `the images have ${channels === 1 ? "one channel; give one value" : "three channels; give three values, e.g. 0.5,0.5,0.5"}`,
      );
    const largest = LARGEST[option as keyof Normalization];
    if (values.some((value) => Math.abs(value) > largest))
      fail(
        "units of pixel / 255",
        `these are pixels of 0 … 255; \`${option}\` counts in units of pixel / 255: ${values.map((value) => Number((value / 255).toPrecision(4)))}`,
      );
  }
  if (!std.every((value) => value > 0))
    throw new UsageError(
      "option-value",
      { option: "std", value: std, expected: "above 0" },
      `\`std\` ${std}: a standard deviation is greater than 0.`,
    );
  return { mean, std };
}

/** How a model's images are prepared. A note reports it. */
export function prepareImages(model: OpenedModel, options: PreprocessingOptions, run: Run): Preparation {
  const preparation = preparationFor(model, options);
  run.note(describedPreparation(preparation, model.path));
  return preparation;
}

/** The preprocessing of a model's images, without a note for the user. */
export const preprocessingOf = (model: OpenedModel, options: PreprocessingOptions): Preprocessing =>
  preparationFor(model, options).preprocessing;

function preparationFor(model: OpenedModel, options: PreprocessingOptions): Preparation {
  if (model.kind === "quantized") {
    const preprocessing = storedPreprocessing(model, options);
    return { preprocessing, normalization: preprocessing, origin: { mean: "file", std: "file" }, channelOrder: "rgb" };
  }
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
  const normalization = normalizationOf(channels, options, described);
  const originOf = (given: unknown): Origin => (given !== undefined ? "options" : described ? "file" : "guess");
  return {
    preprocessing: {
      channels,
      height,
      width,
      ...(resizeTo === undefined ? { resize: "exact" } : { resize: "shorter-side", resizeTo }),
      ...composedNormalization(normalization, input?.normalization),
    },
    normalization,
    origin: { mean: originOf(options.mean), std: originOf(options.std) },
    channelOrder: options.channelOrder ?? "rgb",
  };
}

/** The preprocessing in an integer network's input tables; an option may repeat it, but not change it. */
function storedPreprocessing({ program, path }: QuantizedModel, options: PreprocessingOptions): Preprocessing {
  const { preprocessing } = program;
  const stored = { ...preprocessing, size: preprocessing.height, channelOrder: "rgb" };
  for (const name of ["mean", "std", "size", "resizeTo", "channelOrder"] as const) {
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

function describedPreparation(
  { preprocessing, normalization, origin, channelOrder }: Preparation,
  path: string,
): string {
  const { channels, height, width, resizeTo } = preprocessing;
  const colours = channels === 1 ? "grey" : channelOrder.toUpperCase();
  const resized =
    resizeTo === undefined ? "" : `, cut from the centre after the shorter side is resized to ${resizeTo}`;
  const said = { options: "as given", file: `as ${path} says`, guess: "a guess" };
  const values = (name: keyof Normalization) =>
    normalization[name].map((value) => Number(value.toPrecision(6))).join(",");
  const isOne = origin.mean === origin.std;
  const normalized = isOne
    ? `mean ${values("mean")} and std ${values("std")} (${said[origin.mean]})`
    : `mean ${values("mean")} (${said[origin.mean]}) and std ${values("std")} (${said[origin.std]})`;
  const advice =
    origin.mean === "guess" || origin.std === "guess"
      ? `; nothing in ${path} says how its images were normalized, so these are ${usualNormalizations(channels)[0]!.name}; if training used others, give \`mean\` and \`std\``
      : "";
  return `images are ${colours}, ${width}×${height} pixels${resized}, normalized by ${normalized}${advice}`;
}
