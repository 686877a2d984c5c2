/**
 * @file What a checkpoint of ours says about itself in its safetensors metadata, so that `evaluate`, `quantize` and `qat` need
 * no options: architecture, images, normalization, class names.
 */

import { DataError } from "../errors.js";
import type { Stem } from "../models/index.js";

export interface ModelDescription {
  readonly architecture: string;
  readonly classes: number;
  readonly channels: 1 | 3;
  /** Side of the square images, in pixels. */
  readonly size: number;
  readonly stem: Stem;
  /** Per channel, in units of pixel / 255. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly labels: readonly string[];
  /** What the shorter side of images was resized to before the centre crop; absent where images had the size exactly. */
  readonly resizeTo?: number;
}

const KEY = "subbyte.model";

/** Metadata for `writeSafetensors`. */
export const describeModel = (description: ModelDescription): Record<string, string> => ({
  [KEY]: JSON.stringify(description),
});

/**
 * The description in a file's metadata, `undefined` where another program wrote the file.
 * @throws {DataError} where it is damaged
 */
export function readDescription(
  metadata: Readonly<Record<string, string>>,
  source: string,
): ModelDescription | undefined {
  const text = metadata[KEY];
  if (text === undefined) return undefined;
  let value: Partial<ModelDescription>;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new DataError(
      "damaged-metadata",
      { source },
      `${source}: its metadata "${KEY}" is not JSON; the file is damaged`,
      { cause: error },
    );
  }
  const numbers = (list: unknown) => Array.isArray(list) && list.every((item) => Number.isFinite(item));
  const complete =
    typeof value.architecture === "string" &&
    Number.isInteger(value.classes) &&
    (value.channels === 1 || value.channels === 3) &&
    Number.isInteger(value.size) &&
    typeof value.stem === "string" &&
    numbers(value.mean) &&
    numbers(value.std) &&
    Array.isArray(value.labels) &&
    (value.resizeTo === undefined || Number.isInteger(value.resizeTo));
  if (!complete)
    throw new DataError(
      "damaged-metadata",
      { source },
      `${source}: its metadata "${KEY}" is incomplete; write the file again with train`,
    );
  return value as ModelDescription;
}
