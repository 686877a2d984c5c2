/**
 * @file Normalizations with which published networks are trained. The first is used if the right one is not known; the others
 * are tried if it fails.
 */

import type { Normalization } from "./normalize.js";

/** A normalization that many networks use. */
export interface UsualNormalization extends Pick<Normalization, "mean" | "std"> {
  /** The networks that use it, for messages. */
  readonly name: string;
}

const grey: readonly UsualNormalization[] = [
  { name: "MNIST's", mean: [0.1307], std: [0.3081] },
  { name: "pixels of 0 … 1", mean: [0], std: [1] },
  { name: "pixels of −1 … 1", mean: [0.5], std: [0.5] },
  { name: "pixels of 0 … 255", mean: [0], std: [1 / 255] },
  { name: "FashionMNIST's", mean: [0.286], std: [0.353] },
];

const rgb: readonly UsualNormalization[] = [
  { name: "ImageNet's", mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
  { name: "pixels of −1 … 1", mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
  { name: "pixels of 0 … 1", mean: [0, 0, 0], std: [1, 1, 1] },
  { name: "pixels of 0 … 255", mean: [0, 0, 0], std: [1 / 255, 1 / 255, 1 / 255] },
  { name: "CIFAR-10's", mean: [0.4914, 0.4822, 0.4465], std: [0.247, 0.2435, 0.2616] },
  {
    name: "Caffe's, pixels of 0 … 255 less ImageNet's means",
    mean: [123.68 / 255, 116.779 / 255, 103.939 / 255],
    std: [1 / 255, 1 / 255, 1 / 255],
  },
  { name: "CLIP's", mean: [0.48145466, 0.4578275, 0.40821073], std: [0.26862954, 0.26130258, 0.27577711] },
];

/** The usual normalizations, the likeliest first. */
export const usualNormalizations = (channels: 1 | 3): readonly UsualNormalization[] => (channels === 1 ? grey : rgb);
