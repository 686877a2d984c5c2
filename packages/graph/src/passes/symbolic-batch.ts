/**
 * @file Lets a model that was exported for a fixed batch take any batch. (By default, PyTorch exports the batch of the
 * example input, usually 1.)
 *
 * The first dimension of the input becomes a symbol. The batch at the start of a Reshape's target becomes 0, "copy"; a
 * Flatten to one row starts at axis 1; a Squeeze of all axes leaves out the batch. Type inference then shows whether
 * the network still gives one row per image.
 */

import { ModelError } from "../errors.js";
import { inferKnownTypes } from "../inference/infer-types.js";
import { int64, toNumbers } from "../ir/tensor.js";
import type { Graph, Node, Tensor, TensorType } from "../ir/types.js";
import { removeDeadNodes } from "./remove-dead-nodes.js";

/**
 * Makes the batch of a network with one input symbolic. Returns the same object if it is symbolic already, or if the network
 * depends on the batch so much that it cannot be freed.
 */
export function withSymbolicBatch(graph: Graph, symbol = "N"): Graph {
  const [input] = graph.inputs;
  const batch = input?.shape?.[0];
  if (!input || graph.inputs.length !== 1 || typeof batch !== "number") return graph;
  const types = inferKnownTypes(graph);
  const tensors = new Map(graph.tensors);
  const nodes = graph.nodes.map((node) => copyBatch(node, graph, batch, types, tensors));
  const inputs = [{ ...input, shape: [symbol, ...input.shape!.slice(1)] }];
  const freed = removeDeadNodes.run({ ...graph, inputs, nodes, tensors });
  return givesOneRowAnImage(freed, graph, symbol) ? freed : graph;
}

/** Makes a node that contains the batch, for instance as 1, copy or keep the dimension instead. */
function copyBatch(
  node: Node,
  graph: Graph,
  batch: number,
  types: ReadonlyMap<string, TensorType>,
  tensors: Map<string, Tensor>,
): Node {
  const [x = "", target = ""] = node.inputs;
  const from = types.get(x)?.shape;
  if (node.domain !== "" || from?.[0] !== batch) return node;
  const argument = (stem: string, values: readonly number[]): string => {
    let name = stem;
    while (tensors.has(name) || types.has(name)) name += "_";
    tensors.set(name, int64(values));
    return name;
  };
  switch (node.op) {
    case "Reshape": {
      const shape = graph.tensors.get(target);
      const dims = shape && toNumbers(shape);
      if (!dims || dims[0] !== batch || node.attributes.allowzero) return node;
      return { ...node, inputs: [x, argument(target, [0, ...dims.slice(1)])] };
    }
    case "Flatten": // to one row, that of the only image
      return batch === 1 && node.attributes.axis === 0
        ? { ...node, attributes: { ...node.attributes, axis: 1 } }
        : node;
    case "Squeeze": {
      if (target !== "") return node;
      const axes = from.flatMap((dim, axis) => (axis > 0 && dim === 1 ? [axis] : []));
      return { ...node, inputs: [x, argument(`${node.name}.axes`, axes)] };
    }
    default:
      return node;
  }
}

function givesOneRowAnImage(freed: Graph, graph: Graph, symbol: string): boolean {
  const before = inferKnownTypes(graph);
  try {
    const after = inferKnownTypes(freed);
    return graph.outputs.every((output) => {
      const old = before.get(output)?.shape;
      const shape = after.get(output)?.shape;
      // A Squeeze of all axes had removed the batch of 1 as well.
      const rest = old && [old.slice(1).join(), old.join()];
      return shape?.[0] === symbol && rest?.includes(shape.slice(1).join()) === true;
    });
  } catch (error) {
    if (error instanceof ModelError) return false; // a constant contains the batch, and shapes must fit it
    throw error;
  }
}
