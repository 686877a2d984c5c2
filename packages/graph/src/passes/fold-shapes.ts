/**
 * @file Folds arithmetic on shapes where the batch size is a symbol, so that plain constant folding cannot.
 *
 * `x.view(x.size(0), -1)` is exported as Shape → Gather → Unsqueeze → Concat → Reshape. The values in between are followed
 * as lists of dimensions, `[N]` for instance; what turns out to be numbers becomes a constant, and a Reshape whose target
 * names the batch gets the constant with which ONNX says the same: 0 (copy the dimension) or −1 (the rest).
 */

import { inferKnownTypes } from "../inference/infer-types.js";
import { type ShapeValue, ShapeValues } from "../inference/symbolic-shapes.js";
import { int64 } from "../ir/tensor.js";
import type { Node, Tensor, TensorType } from "../ir/types.js";
import type { Pass } from "./pass.js";

export const foldShapes: Pass = {
  name: "fold-shapes",
  run(graph) {
    const types = inferKnownTypes(graph);
    const known = new ShapeValues(graph.tensors);
    for (const node of graph.nodes) known.follow(node, (value) => types.get(value));
    const tensors = new Map(graph.tensors);
    const isNumeric = (value: string): boolean =>
      known.get(value)?.dims.every((dim) => typeof dim === "number") ?? false;
    const nodes = graph.nodes
      .filter((node) => {
        const output = node.outputs[0]!;
        if (node.outputs.length !== 1 || !isNumeric(output)) return true;
        tensors.set(output, shapeTensor(known.get(output)!));
        return false;
      })
      .map((node) => constantTarget(node, types, known, tensors));
    const isSame = nodes.length === graph.nodes.length && nodes.every((node, i) => node === graph.nodes[i]);
    return isSame ? graph : { ...graph, nodes, tensors };
  },
};

const shapeTensor = ({ dims, isScalar }: ShapeValue): Tensor =>
  int64(dims as readonly number[], isScalar ? [] : [dims.length]);

/** Gives a Reshape whose target names the batch a constant target. */
function constantTarget(
  node: Node,
  types: ReadonlyMap<string, TensorType>,
  known: ShapeValues,
  tensors: Map<string, Tensor>,
): Node {
  const [x = "", target = ""] = node.inputs;
  const dims = known.get(target)?.dims;
  if (node.op !== "Reshape" || node.domain !== "" || node.attributes.allowzero || tensors.has(target) || !dims)
    return node;
  const from = types.get(x)?.shape;
  const copied = dims.map((dim, axis) => (typeof dim === "string" && dim === from?.[axis] ? 0 : dim));
  const left = copied.filter((dim) => typeof dim === "string").length;
  if (left > 1 || (left === 1 && copied.includes(-1))) return node;
  let name = `${target}.constant`;
  while (tensors.has(name) || known.get(name) || types.has(name)) name += "_";
  tensors.set(name, int64(copied.map((dim) => (typeof dim === "string" ? -1 : dim))));
  return { ...node, inputs: [x, name] };
}
