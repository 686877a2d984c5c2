/** @file Permutations of axes. */

import type { Node, Tensor } from "../ir/types.js";
import { gathered, stridesOf } from "../operators/support/values.js";

/** The permutation of a Transpose; empty if the file leaves it out. */
export const permOf = ({ attributes }: Node): readonly number[] =>
  (attributes.perm as readonly number[] | undefined) ?? [];

const toLast = (rank: number): readonly number[] =>
  Array.from({ length: rank }, (_, i) => (i === 0 ? 0 : (i % (rank - 1)) + 1));

/** Whether a permutation moves the channels from axis 1 to the end. */
export const isToLast = (perm: readonly number[]): boolean =>
  perm.length >= 3 && perm.join() === toLast(perm.length).join();

export const inverse = (perm: readonly number[]): readonly number[] => perm.map((_, axis) => perm.indexOf(axis));

export const isIdentity = (perm: readonly number[]): boolean => perm.every((axis, i) => axis === i);

/** An axis counted from the beginning. */
export const fromStart = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);

/** A constant with its axes in another order. */
export function permuted(tensor: Tensor, perm: readonly number[]): Tensor {
  const strides = stridesOf(tensor.shape);
  const own = perm.map((axis) => strides[axis]!);
  return gathered(
    tensor,
    perm.map((axis) => tensor.shape[axis]!),
    (index) => index.reduce((at, i, axis) => at + i * own[axis]!, 0),
  );
}

/** The permutation of the remaining axes after those of `removed` (axes of the result) are removed. */
export function remaining(perm: readonly number[], removed: readonly number[]): readonly number[] {
  const kept = perm.filter((_, axis) => !removed.includes(axis));
  const sorted = kept.toSorted((a, b) => a - b);
  return kept.map((axis) => sorted.indexOf(axis));
}
