/** @file The normalization of images for a network that does part of it itself. */

import type { FileInput } from "@subbyte/graph";
import type { Normalization as OfImages } from "../data/index.js";

type Normalization = Pick<OfImages, "mean" | "std">;

/** The normalization that a file expects, if it is clear whether pixels are 0…1 or 0…255; else undefined. */
export function outerNormalization({ unit }: FileInput, channels: number): Normalization | undefined {
  if (unit === undefined) return undefined;
  return { mean: new Array<number>(channels).fill(0), std: new Array<number>(channels).fill(1 / unit) };
}

/**
 * The normalization for a network whose own normalization was removed: first `outer`, which the file expects, then `inner`,
 * which was removed. Lists of one number apply to all channels.
 */
export function composedNormalization(outer: Normalization, inner: Normalization | undefined): Normalization {
  if (!inner) return outer;
  const at = (list: readonly number[], c: number): number => list[list.length === 1 ? 0 : c]!;
  return {
    mean: inner.mean.map((mean, c) => at(outer.mean, c) + at(outer.std, c) * mean),
    std: inner.std.map((std, c) => at(outer.std, c) * std),
  };
}
