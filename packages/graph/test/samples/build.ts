/** @file A graph of one operator, made from a sample. */

import { GraphBuilder } from "../../src/ir/builder.js";
import type { Graph, Tensor } from "../../src/ir/types.js";
import type { Feeds } from "../every-level.js";
import type { Sample } from "./sample.js";

export interface Case {
  readonly graph: Graph;
  readonly feeds: Feeds;
  readonly results: readonly string[];
}

export function buildSample({
  op,
  domain = "",
  inputs,
  attributes = {},
  outputs = 1,
  batched,
  constants = [],
}: Sample): Case {
  const g = new GraphBuilder(op);
  const feeds = new Map<string, Tensor>();
  const names = inputs.map((tensor, i) => {
    if (!tensor) return "";
    const name = `x${i}`;
    if (tensor.dtype !== "float32" || constants.includes(i)) return g.constant(tensor, name);
    feeds.set(name, tensor);
    return g.input(name, tensor.dtype, batched && i === 0 ? ["N", ...tensor.shape.slice(1)] : tensor.shape);
  });
  const results = g.node(op, names, attributes, { domain, outputs });
  for (const result of results) g.output(result);
  return { graph: g.build(), feeds, results };
}
