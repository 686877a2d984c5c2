/** @file Makes the target of a Reshape to a shape in which one dimension, mostly the batch, is a symbol. */

import { int64 } from "../ir/tensor.js";
import type { Dim, Tensor } from "../ir/types.js";

/**
 * The target of a Reshape between two shapes. It has 0 ("copy") for a symbol that stays in place, and −1 ("the rest") for
 * another.
 * @returns undefined if more than one dimension would be −1, or if one is empty
 */
export function reshapeTarget(from: readonly Dim[], to: readonly Dim[]): Tensor | undefined {
  const dims = to.map((dim, axis) => (typeof dim === "number" ? dim : dim === from[axis] ? 0 : -1));
  const isEmpty = to.some((dim) => dim === 0);
  return isEmpty || dims.filter((dim) => dim === -1).length > 1 ? undefined : int64(dims);
}
