/** @file How images are normalized for a network that does part of it itself. */

import type { FileInput } from "@subbyte/graph";
import type { Normalization as OfImages } from "../data/index.js";

type Normalization = Pick<OfImages, "mean" | "std">;

/** What a file shows of the images that it takes: those of 0…1 or 0…255 as they are; undefined where it shows nothing. */
export function outerNormalization({ unit }: FileInput, channels: number): Normalization | undefined {
  if (unit === undefined) return undefined;
  return { mean: new Array<number>(channels).fill(0), std: new Array<number>(channels).fill(1 / unit) };
}

/**
 * The normalization of the network without its own: `outer`, which the file expects, followed by `inner`, which it did itself.
 * Lists of one number stand for all channels.
 */
export function composedNormalization(outer: Normalization, inner: Normalization | undefined): Normalization {
  if (!inner) return outer;
  const at = (list: readonly number[], c: number): number => list[list.length === 1 ? 0 : c]!;
  return {
    mean: inner.mean.map((mean, c) => at(outer.mean, c) + at(outer.std, c) * mean),
    std: inner.std.map((std, c) => at(outer.std, c) * std),
  };
}
