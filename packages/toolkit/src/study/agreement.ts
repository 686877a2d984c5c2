/** @file Compares the predictions of the float network and of a quantized one, image by image. */

import { readFile } from "node:fs/promises";

export interface Agreement {
  /** Share of images with the same likeliest class, 0…1. */
  readonly share: number;
  /** Number of images that float classifies correctly and the quantized network wrongly. */
  readonly lost: number;
  /** Number of images that float classifies wrongly and the quantized network correctly. */
  readonly gained: number;
}

/** @param labels of the images, in the order of both predictions */
function agreementOf(labels: ArrayLike<number>, float: ArrayLike<number>, quantized: ArrayLike<number>): Agreement {
  let [same, lost, gained] = [0, 0, 0];
  for (let i = 0; i < labels.length; i++) {
    if (float[i] === quantized[i]) same++;
    else if (float[i] === labels[i]) lost++;
    else if (quantized[i] === labels[i]) gained++;
  }
  return { share: same / labels.length, lost, gained };
}

interface Predictions {
  readonly labels: readonly number[];
  readonly predictions: readonly number[];
}

/** Reads the files that `evaluate` wrote for the same images; undefined if they cannot be compared. */
export async function agreementOfFiles(float: string, quantized: string): Promise<Agreement | undefined> {
  const [a, b] = await Promise.all([read(float), read(quantized)]);
  if (a === undefined || b === undefined || String(a.labels) !== String(b.labels)) return undefined;
  return agreementOf(b.labels, a.predictions, b.predictions);
}

async function read(path: string): Promise<Predictions | undefined> {
  try {
    const { labels, predictions } = JSON.parse(await readFile(path, "utf8")) as Partial<Predictions>;
    return labels && predictions && { labels, predictions };
  } catch {
    return undefined;
  }
}
