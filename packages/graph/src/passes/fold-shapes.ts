/**
 * @file Folds arithmetic on shapes with a symbolic batch size, which plain constant folding cannot fold.
 *
 * `x.view(x.size(0), -1)` is exported as Shape → Gather → Unsqueeze → Concat → Reshape. The values in between are
 * represented as lists of dimensions, for instance `[N]`. Lists of numbers become constants. If the target of a Reshape
 * contains the batch, it is replaced by an equivalent constant: 0 (copy the dimension) or −1 (the rest).
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
        tensors.set(output, shapeTensor(known.get(output)!, types.get(output)));
        return false;
      })
      .map((node) => constantTarget(node, types, known, tensors));
    const isSame = nodes.length === graph.nodes.length && nodes.every((node, i) => node === graph.nodes[i]);
    return isSame ? graph : { ...graph, nodes, tensors };
  },
};

function shapeTensor({ dims, isScalar }: ShapeValue, type: TensorType | undefined): Tensor {
  const [values, shape] = [dims as readonly number[], isScalar ? [] : [dims.length]];
  return type?.dtype === "int32" ? { dtype: "int32", shape, data: Int32Array.from(values) } : int64(values, shape);
}

/** Gives a Reshape whose target contains the batch a constant target, and removes `allowzero` if the target has no 0. */
function constantTarget(
  node: Node,
  types: ReadonlyMap<string, TensorType>,
  known: ShapeValues,
  tensors: Map<string, Tensor>,
): Node {
  const [x = "", target = ""] = node.inputs;
  const dims = known.get(target)?.dims;
  const { allowzero, ...others } = node.attributes;
  if (node.op !== "Reshape" || node.domain !== "" || !dims || (allowzero && dims.includes(0))) return node;
  const attributes = allowzero ? others : node.attributes;
  if (tensors.has(target)) return allowzero ? { ...node, attributes } : node;
  const from = types.get(x)?.shape;
  const copied = dims.map((dim, axis) => (typeof dim === "string" && dim === from?.[axis] ? 0 : dim));
  const left = copied.filter((dim) => typeof dim === "string").length;
  if (left > 1 || (left === 1 && copied.includes(-1))) return node;
  let name = `${target}.constant`;
  while (tensors.has(name) || known.get(name) || types.has(name)) name += "_";
  tensors.set(name, int64(copied.map((dim) => (typeof dim === "string" ? -1 : dim))));
  return { ...node, inputs: [x, name], attributes };
}
