/** @file The definition of an architecture in the registry. */

import type { Feature, Layers } from "./layers.js";

/** `imagenet`: strided convolution, in ResNets 7 × 7 and followed by max pooling; `cifar`: 3 × 3 of stride 1, no pooling. */
export const stemNames = ["imagenet", "cifar"] as const;
/** First layers of a ResNet: `imagenet` (strided 7×7 convolution, max pool) or `cifar` (3×3 convolution of stride 1). */
export type Stem = (typeof stemNames)[number];

/** A built-in network that can be built with any number of classes. */
export interface Architecture {
  readonly name: string;
  /** A description of one line. */
  readonly description: string;
  /** The choices; the first is the default. */
  readonly stems: readonly [Stem, ...Stem[]];
  /** Side, in pixels, of the images for which it was made; other sizes work, too. */
  readonly size: number;
  readonly channels: 1 | 3;
  /** Adds the layers of the network. */
  build(layers: Layers, input: Feature, options: { readonly stem: Stem; readonly classes: number }): void;
}
