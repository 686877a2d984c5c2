/**
 * @file The descriptions in the metadata of our files: how a network takes its images, and its class names. Checkpoints of `train`
 * also name the architecture. With a description, `evaluate`, `quantize` and `qat` need no options about the model.
 */

import * as v from "valibot";
import { DataError } from "../errors.js";
import type { Stem } from "../models/index.js";

/** How a network takes its images, and the names of its classes. */
export interface ImageDescription {
  /** Mean per channel, in units of pixel / 255. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** Size of the shorter side of images before the centre crop; absent if the images had the exact size. */
  readonly resizeTo?: number;
  readonly labels?: readonly string[];
}

/** The network of a checkpoint's weights, as `train` wrote it. */
export interface ModelDescription extends ImageDescription {
  readonly architecture: string;
  readonly classes: number;
  readonly channels: 1 | 3;
  /** Side of the square images, in pixels. */
  readonly size: number;
  readonly stem: Stem;
  readonly labels: readonly string[];
}

type Metadata = Readonly<Record<string, string>>;

const MODEL_KEY = "subbyte.model";
const IMAGES_KEY = "subbyte.images";

/** Metadata for `writeSafetensors`. */
export const describeModel = (description: ModelDescription): Metadata => ({
  [MODEL_KEY]: JSON.stringify(description),
});

/** Metadata for `writeOnnx`. */
export const describeImages = ({ mean, std, resizeTo, labels }: ImageDescription): Metadata => ({
  [IMAGES_KEY]: JSON.stringify({ mean, std, resizeTo, labels }),
});

/**
 * The description in a checkpoint's metadata; `undefined` if another program wrote the file.
 * @throws {DataError} if it is damaged
 */
export const readModelDescription = (metadata: Metadata, source: string): ModelDescription | undefined =>
  described(metadata, MODEL_KEY, modelSchema, source, "train");

/**
 * The description in an ONNX file's metadata; `undefined` if another program wrote the file.
 * @throws {DataError} if it is damaged
 */
export const readImageDescription = (
  metadata: Metadata,
  source: string,
  network: { readonly channels: number; readonly classes: number },
): ImageDescription | undefined => described(metadata, IMAGES_KEY, imageSchema(network), source, "export");

function described<T>(
  metadata: Metadata,
  key: string,
  schema: v.GenericSchema<unknown, T>,
  source: string,
  writer: "train" | "export",
): T | undefined {
  const text = metadata[key];
  if (text === undefined) return undefined;
  const result = v.safeParse(v.pipe(v.string(), v.parseJson(), schema), text);
  if (result.success) return result.output;
  const [{ path, message }] = result.issues;
  const place = path?.map(({ key }) => String(key)).join(".");
  throw new DataError(
    "damaged-metadata",
    { source, reason: message },
    `${source}: its metadata "${key}" is damaged or was written by another program (${place ? `${place}: ` : ""}${message}); write the file again with the task \`${writer}\``,
  );
}

/** Limits far beyond any classifier, because a network of this size will be built in memory. */
const [MAX_CLASSES, MAX_SIZE] = [2 ** 20, 2 ** 14];

const integer = (lowest: number, highest: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(lowest), v.maxValue(highest));

const numbers = v.array(v.pipe(v.number(), v.finite()));
const texts = v.array(v.string());

const images = { mean: numbers, std: numbers, resizeTo: v.exactOptional(integer(1, MAX_SIZE)) };

const PER_CHANNEL = "mean and std must have one value per channel";
const isPerChannel = ({ mean, std }: ImageDescription, channels: number): boolean =>
  mean.length === channels && std.length === channels;

const modelSchema: v.GenericSchema<unknown, ModelDescription> = v.pipe(
  v.object({
    architecture: v.string(),
    classes: integer(2, MAX_CLASSES),
    channels: v.picklist([1, 3]),
    size: integer(1, MAX_SIZE),
    stem: v.picklist(["imagenet", "cifar"]),
    labels: texts,
    ...images,
  }),
  v.check((description) => isPerChannel(description, description.channels), PER_CHANNEL),
);

const imageSchema = ({ channels, classes }: { readonly channels: number; readonly classes: number }) =>
  v.pipe(
    v.object({ labels: v.exactOptional(v.pipe(texts, v.length(classes))), ...images }),
    v.check((description) => isPerChannel(description, channels), PER_CHANNEL),
  );
