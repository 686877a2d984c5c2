/**
 * @file Lets a model that was exported for a fixed batch (PyTorch's default is that of the example input, mostly 1) take any.
 *
 * The first dimension of the input becomes a symbol, and so does the batch at the head of a Reshape's target, which is
 * written as 0, "copy". Whether the network then still gives one row an image is asked of type inference.
 */

import { ModelError } from "../errors.js";
import { inferTypes } from "../inference/infer-types.js";
import { int64, toNumbers } from "../ir/tensor.js";
import type { Graph, Node, Tensor, TensorType } from "../ir/types.js";
import { usesOf } from "../ir/uses.js";
import { removeDeadNodes } from "./remove-dead-nodes.js";

/**
 * Makes the batch of a network with one input symbolic. Returns the same object where it is symbolic already, and where the
 * batch is so built into the network that it cannot be taken out.
 */
export function withSymbolicBatch(graph: Graph, symbol = "N"): Graph {
  const [input] = graph.inputs;
  const batch = input?.shape?.[0];
  if (!input || graph.inputs.length !== 1 || typeof batch !== "number") return graph;
  const types = inferTypes(graph);
  const tensors = new Map(graph.tensors);
  const nodes = graph.nodes.map((node) => copyBatch(node, graph, batch, types, tensors));
  const inputs = [{ ...input, shape: [symbol, ...input.shape!.slice(1)] }];
  const freed = removeDeadNodes.run({ ...graph, inputs, nodes, tensors });
  return givesOneRowAnImage(freed, graph, symbol) ? freed : graph;
}

/** A Reshape to `[batch, …]` of a value `[batch, …]` copies the dimension instead. */
function copyBatch(
  node: Node,
  graph: Graph,
  batch: number,
  types: ReadonlyMap<string, TensorType>,
  tensors: Map<string, Tensor>,
): Node {
  const [x = "", target = ""] = node.inputs;
  const shape = graph.tensors.get(target);
  if (node.op !== "Reshape" || node.domain !== "" || node.attributes.allowzero || !shape) return node;
  const dims = toNumbers(shape);
  if (dims[0] !== batch || types.get(x)?.shape?.[0] !== batch) return node;
  let name = target;
  while (usesOf(graph).count(target) > 1 && (tensors.has(name) || types.has(name))) name += "_";
  tensors.set(name, int64([0, ...dims.slice(1)]));
  return { ...node, inputs: [x, name] };
}

function givesOneRowAnImage(freed: Graph, graph: Graph, symbol: string): boolean {
  const before = inferTypes(graph);
  try {
    const after = inferTypes(freed);
    return graph.outputs.every((output) => {
      const rest = before.get(output)?.shape?.slice(1);
      const shape = after.get(output)?.shape;
      return rest !== undefined && shape?.join() === [symbol, ...rest].join();
    });
  } catch (error) {
    if (error instanceof ModelError) return false; // the batch stands in a constant that shapes must fit
    throw error;
  }
}
