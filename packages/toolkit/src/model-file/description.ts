/**
 * @file The description that `train` writes to the safetensors metadata of checkpoints: architecture, images, normalization,
 * class names. With it, `evaluate`, `quantize` and `qat` need no options about the model.
 */

import * as v from "valibot";
import { DataError } from "../errors.js";
import type { Stem } from "../models/index.js";

/** The network of a checkpoint's weights, as `train` wrote it. */
export interface ModelDescription {
  readonly architecture: string;
  readonly classes: number;
  readonly channels: 1 | 3;
  /** Side of the square images, in pixels. */
  readonly size: number;
  readonly stem: Stem;
  /** Mean per channel, in units of pixel / 255. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly labels: readonly string[];
  /** Size of the shorter side of images before the centre crop; absent if the images had the exact size. */
  readonly resizeTo?: number;
}

const KEY = "subbyte.model";

/** Metadata for `writeSafetensors`. */
export const describeModel = (description: ModelDescription): Record<string, string> => ({
  [KEY]: JSON.stringify(description),
});

/**
 * The description in a file's metadata; `undefined` if another program wrote the file.
 * @throws {DataError} if it is damaged
 */
export function readDescription(
  metadata: Readonly<Record<string, string>>,
  source: string,
): ModelDescription | undefined {
  const text = metadata[KEY];
  if (text === undefined) return undefined;
  const result = v.safeParse(v.pipe(v.string(), v.parseJson(), schema), text);
  if (result.success) return result.output;
  const [{ path, message }] = result.issues;
  const place = path?.map(({ key }) => String(key)).join(".");
  throw new DataError(
    "damaged-metadata",
    { source, reason: message },
    `${source}: its metadata "${KEY}" is damaged or was written by another program (${place ? `${place}: ` : ""}${message}); write the file again with the task \`train\``,
  );
}

/** Limits far beyond any classifier, because a network of this size will be built in memory. */
const [MAX_CLASSES, MAX_SIZE] = [2 ** 20, 2 ** 14];

const integer = (lowest: number, highest: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(lowest), v.maxValue(highest));

const numbers = v.array(v.pipe(v.number(), v.finite()));

const fields = v.object({
  architecture: v.string(),
  classes: integer(2, MAX_CLASSES),
  channels: v.picklist([1, 3]),
  size: integer(1, MAX_SIZE),
  stem: v.picklist(["imagenet", "cifar"]),
  mean: numbers,
  std: numbers,
  labels: v.array(v.string()),
  resizeTo: v.exactOptional(integer(1, MAX_SIZE)),
});

const schema: v.GenericSchema<unknown, ModelDescription> = v.pipe(
  fields,
  v.check(
    ({ mean, std, channels }) => mean.length === channels && std.length === channels,
    "mean and std must have one value per channel",
  ),
);
