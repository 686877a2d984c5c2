/** @file Checks that a file from outside is either read or refused by a ModelError. */

import { importClassifier } from "../src/classifier/import-classifier.js";
import { ModelError } from "../src/errors.js";
import { readOnnx } from "../src/onnx/reader.js";
import { writeOnnx } from "../src/onnx/writer.js";
import { mutated } from "./mutations.js";
import { classifier } from "./onnx-files.js";
import { random } from "./runtime.js";
import { buildSample } from "./samples/build.js";
import { samples } from "./samples/index.js";

/** Valid files: one of each operator, and one of a classifier. */
export const seeds = (): Uint8Array[] => [
  writeOnnx(classifier()),
  ...samples.filter(({ domain }) => domain === undefined).map((sample) => writeOnnx(buildSample(sample).graph)),
];

/** Reads the file and imports it as a classifier; rethrows anything but a ModelError. */
export function readSafely(bytes: Uint8Array): "read" | "refused" {
  try {
    importClassifier(readOnnx(bytes, { floats: "float32" }), { size: 8 });
    return "read";
  } catch (error) {
    if (error instanceof ModelError) return "refused";
    throw error;
  }
}

/** A hostile file; the same for the same seed. */
export function hostileFile(files: readonly Uint8Array[], seed: number): Uint8Array {
  const next = random(seed);
  return mutated(files[Math.floor(next() * files.length)]!, next, 1 + Math.floor(next() * 4));
}

/**
 * Changes `count` files at random and reads them; returns how many were read.
 *
 * @throws with the number of the case, which `seed` repeats, if reading fails in another way than by a ModelError
 */
export function fuzzReader(seed: number, count: number): number {
  const files = seeds();
  let read = 0;
  for (let i = 0; i < count; i++) {
    const next = random(seed + i);
    const bytes = mutated(files[i % files.length]!, next, 1 + Math.floor(next() * 4));
    try {
      if (readSafely(bytes) === "read") read++;
    } catch (error) {
      throw new Error(`case ${i} of seed ${seed}: ${(error as Error).stack}`, { cause: error });
    }
  }
  return read;
}
