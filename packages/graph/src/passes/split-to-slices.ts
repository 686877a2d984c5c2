/**
 * @file Split becomes one Slice per output: Split(x, [8, 8]) {axis = 1} → x[:, 0:8] and x[:, 8:16]. Slices can be merged with
 * others, and the integer engine has an operator for them.
 */

import { inferKnownTypes } from "../inference/infer-types.js";
import { FreshNames, namesIn } from "../ir/names.js";
import { int64 } from "../ir/tensor.js";
import type { Node, TensorType } from "../ir/types.js";
import { normalizeAxis } from "../operators/support/attributes.js";
import type { Pass } from "./pass.js";

export const splitToSlices: Pass = {
  name: "split-to-slices",
  run(graph) {
    if (!graph.nodes.some(({ op, domain }) => op === "Split" && domain === "")) return graph;
    const types = inferKnownTypes(graph);
    const names = new FreshNames(namesIn(graph));
    const tensors = new Map(graph.tensors);
    const constant = (name: string, value: number): string => {
      const free = names.fresh(name);
      tensors.set(free, int64([value]));
      return free;
    };
    const nodes = graph.nodes.flatMap((node) => slicesOf(node, types, names, constant) ?? [node]);
    return nodes.length === graph.nodes.length ? graph : { ...graph, nodes, tensors };
  },
};

/** The slices; undefined for another operator, or if a size is not known. */
function slicesOf(
  node: Node,
  types: ReadonlyMap<string, TensorType>,
  names: FreshNames,
  constant: (name: string, value: number) => string,
): readonly Node[] | undefined {
  if (node.op !== "Split" || node.domain !== "" || node.outputs.length < 2) return undefined;
  const [x = ""] = node.inputs;
  const rank = types.get(x)?.shape?.length;
  if (rank === undefined) return undefined;
  const axis = normalizeAxis(node, Number(node.attributes.axis ?? 0), rank);
  const sizes = node.outputs.map((output) => types.get(output)?.shape?.[axis]);
  if (!sizes.every((size) => typeof size === "number")) return undefined;
  const along = constant(`${node.name}.axis`, axis);
  let start = 0;
  return node.outputs.map((output, i): Node => {
    const bounds = [start, start + sizes[i]!].map((bound) => constant(`${node.name}.bound`, bound));
    start += sizes[i]!;
    const name = names.fresh(`${node.name}/Slice`);
    return { ...node, name, op: "Slice", inputs: [x, ...bounds, along], outputs: [output], attributes: {} };
  });
}
