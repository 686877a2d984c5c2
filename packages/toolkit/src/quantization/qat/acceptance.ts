/**
 * @file Decides whether a trained network is better than the one that it began with, by more than chance on the validation
 * images.
 */

import { pairedChanges } from "../../evaluation/chance.js";
import type { ClassifierResult } from "../../evaluation/evaluate.js";

/**
 * Whether the trained network is better by more than chance: the images that only it classifies correctly must outnumber those
 * that only the baseline does, by at least the standard deviation of that difference, √(sum of both numbers). Source: McNemar
 * 1947, doi:10.1007/BF02295996.
 *
 * @param labels class of each image
 */
export function isBetterBeyondChance(
  labels: ArrayLike<number>,
  trained: Pick<ClassifierResult, "predictions">,
  baseline: Pick<ClassifierResult, "predictions">,
): boolean {
  const right = ({ predictions }: Pick<ClassifierResult, "predictions">) =>
    Uint8Array.from(labels, (label, i) => (predictions[i] === label ? 1 : 0));
  const { gained, lost } = pairedChanges(right(trained), right(baseline));
  return gained > lost && gained - lost >= Math.sqrt(gained + lost);
}

/** Least gain, as a share of the baseline's mean. Networks that differ only by float32 rounding gain less. */
const LEAST_GAIN = 0.01;

/** Whether the values of `trained` are smaller on average than those of `baseline`, by at least one standard error and one percent. */
export function isSmallerBeyondChance(trained: Float64Array, baseline: Float64Array): boolean {
  const count = baseline.length;
  const mean = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / count;
  const gains = baseline.map((value, i) => value - trained[i]!);
  const gain = mean(gains);
  const variance = mean(gains.map((each) => (each - gain) ** 2));
  return gain > 0 && gain >= Math.sqrt(variance / count) && gain >= LEAST_GAIN * mean(baseline);
}
