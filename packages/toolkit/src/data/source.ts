/** @file The interface of every kind of data set before its images are decoded. */

import type { RawImage } from "@subbyte/engine";
import type { Split } from "./types.js";

/** An image as its source stores it: the bytes of a JPEG, PNG, WebP… file, or pixels. */
export type ImageContent = { readonly encoded: Uint8Array } | RawImage;

export interface FoundImage {
  /** Position in the list of requested indices. */
  readonly position: number;
  readonly content: ImageContent;
}

/** The images of one part of a source, not yet decoded. */
export interface Samples {
  /** `[N]` class indices. */
  readonly labels: Int32Array;
  /** The name of image `index` in messages. */
  nameOf(index: number): string;
  /** The chosen images, each once, in the order that is fastest to read. */
  read(indices: ArrayLike<number>): AsyncIterable<FoundImage>;
}

/** A data set: its classes and its parts. */
export interface Catalogue {
  readonly classes: readonly string[];
  /** Channels of the stored images; 3 if the source does not tell. */
  readonly channels: 1 | 3;
  /** The splits of the source, or all images under `all` if it has none. */
  readonly parts: ReadonlyMap<Split | "all", () => Promise<Samples>>;
  readonly notes: readonly string[];
}

/** Some of `samples`, renumbered from 0. */
export function subset(samples: Samples, chosen: Uint32Array): Samples {
  return {
    labels: Int32Array.from(chosen, (index) => samples.labels[index]!),
    nameOf: (index) => samples.nameOf(chosen[index]!),
    read: (indices) => samples.read(Uint32Array.from(indices, (index) => chosen[index]!)),
  };
}

/** Samples whose pixels are all in memory: image i is `pixelsOf(i)`. */
export function samplesInMemory(
  labels: Int32Array,
  nameOf: (index: number) => string,
  imageOf: (index: number) => RawImage,
): Samples {
  return {
    labels,
    nameOf,
    async *read(indices) {
      for (let position = 0; position < indices.length; position++)
        yield { position, content: imageOf(indices[position]!) };
    },
  };
}
