/** @file Names for the values that differentiation adds to a graph. */

import type { GraphBuilder } from "../ir/builder.js";

/** `stem`, with underscores appended while a value has that name. The name is not claimed yet. */
export function freeName(g: GraphBuilder, stem: string): string {
  let name = stem;
  while (g.has(name)) name += "_";
  return name;
}
