/** @file Lists nodes in a message, grouped by operator. */

import type { Node } from "./types.js";

/** Nodes per operator that are named in a message; a network has dozens alike. */
const NAMED = 3;

/** Such as `Mul ("a", "b", "c" and 6 more); com.example.Gelu ("act")`. */
export function operatorList(nodes: readonly Node[]): string {
  const byOperator = new Map<string, string[]>();
  for (const { op, domain, name } of nodes) {
    const operator = domain === "" ? op : `${domain}.${op}`;
    byOperator.set(operator, [...(byOperator.get(operator) ?? []), `"${name}"`]);
  }
  return [...byOperator].map(([operator, names]) => `${operator} (${few(names)})`).join("; ");
}

const few = (names: readonly string[]): string =>
  names.length <= NAMED + 1 ? names.join(", ") : `${names.slice(0, NAMED).join(", ")} and ${names.length - NAMED} more`;
