/** @file Reads a node's attributes, and makes the errors of operators. */

import { ModelError } from "../../errors.js";
import type { Attributes, Node } from "../../ir/types.js";

/** The node's attributes, with the operator's defaults for those that are absent; types are those of the defaults. */
export function attributesOf<T extends Attributes>(node: Node, defaults: T): T {
  return { ...defaults, ...node.attributes } as T;
}

/** A ModelError that names the node: `Conv "layer1.0.conv1": found …; needed: …`. */
export function misfit(node: Node, found: string, needed: string): ModelError {
  return new ModelError(
    "operator-mismatch",
    { operator: node.op, node: node.name, found, expected: needed },
    `${node.op} "${node.name}": ${found}; needed: ${needed}`,
  );
}

/** Converts an axis that may count from the end to a non-negative number; refuses one outside the rank. */
export function normalizeAxis(node: Node, axis: number, rank: number): number {
  const normal = axis < 0 ? axis + rank : axis;
  if (!(Number.isInteger(normal) && normal >= 0 && normal < rank))
    throw misfit(node, `axis ${axis} on a value of ${rank} dimensions`, `an axis in [${-rank}, ${rank - 1}]`);
  return normal;
}
