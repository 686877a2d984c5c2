/** @file Decides when a training run has failed, and describes the failure. */

import type { Tensor } from "@subbyte/graph";
import type { EpochRecord } from "./position.js";

/** A loss this many times that of guessing has diverged, although it is a number. */
const HOPELESS = 10;

/**
 * Says that training has diverged if the loss of an epoch is a number, but far larger than that of guessing among
 * `classes` classes; otherwise undefined.
 *
 * @param comparable whether the training loss is a cross-entropy
 */
export function hopelessness(
  record: EpochRecord | undefined,
  classes: number,
  comparable: boolean,
): string | undefined {
  const { validationLoss, trainLoss } = record ?? {};
  const guessing = Math.log(Math.max(2, classes));
  const loss = validationLoss ?? (comparable ? trainLoss : undefined);
  if (loss === undefined || loss <= HOPELESS * guessing) return undefined;
  const what = validationLoss === undefined ? "training" : "validation";
  return `the ${what} loss is ${loss.toPrecision(3)}, whereas guessing among ${classes} classes gives ${guessing.toPrecision(3)}`;
}

/** The first tensor with an element that is not finite. */
export function firstNotFinite(tensors: Iterable<readonly [name: string, tensor: Tensor]>): string | undefined {
  for (const [name, { data }] of tensors) if (data instanceof Float32Array && !data.every(Number.isFinite)) return name;
  return undefined;
}
