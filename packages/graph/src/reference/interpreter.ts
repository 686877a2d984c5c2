/**
 * @file Runs a graph in float64 with the operators' reference implementations. It is slow and plain; tests compare other
 * implementations with it.
 */

import { ModelError } from "../errors.js";
import { requireInputs } from "../inference/infer-node.js";
import { dtypeCode } from "../ir/element-types.js";
import type { Attribute, Attributes, Graph, Node, Tensor } from "../ir/types.js";
import { operatorDefinition } from "../operators/index.js";

/**
 * The graph's outputs for the given inputs. Every float32 value, constant or attribute becomes float64.
 *
 * @throws {ModelError} for a missing input, for an operator without reference, and if inputs do not fit an operator
 */
export function evaluate(graph: Graph, inputs: ReadonlyMap<string, Tensor>): Map<string, Tensor> {
  const values = new Map<string, Tensor>();
  for (const [name, tensor] of graph.tensors) values.set(name, promote(tensor));
  for (const { name } of graph.inputs) {
    const tensor = inputs.get(name);
    if (!tensor)
      throw new ModelError(
        "graph-argument",
        { graph: graph.name, argument: name, found: null, expected: "a tensor" },
        `graph "${graph.name}": no value given for the input "${name}"`,
      );
    values.set(name, promote(tensor));
  }
  for (const node of graph.nodes) {
    const definition = operatorDefinition(node.op, node.domain);
    const run = definition?.evaluate;
    if (!run)
      throw new ModelError(
        "unsupported-operator",
        { graph: graph.name, operators: [node.op], nodes: [node.name] },
        `${node.op} "${node.name}": this operator has no reference implementation`,
      );
    const given = node.inputs.map((input) => values.get(input));
    requireInputs(definition, node, given);
    const results = run(promoteAttributes(node), given);
    node.outputs.forEach((output, i) => {
      const result = results[i];
      if (output !== "" && result) values.set(output, promote(result));
    });
  }
  return new Map(graph.outputs.map((output) => [output, values.get(output)!]));
}

function promote(tensor: Tensor): Tensor {
  if (tensor.dtype !== "float32") return tensor;
  return { dtype: "float64", shape: tensor.shape, data: Float64Array.from(tensor.data as Float32Array) };
}

/** Makes a Cast to float32, and tensors in attributes, float64 as well. */
function promoteAttributes(node: Node): Node {
  if (node.op === "Cast" && node.attributes.to === dtypeCode("float32"))
    return { ...node, attributes: { ...node.attributes, to: dtypeCode("float64") } };
  const isTensor = (value: Attribute): value is Tensor => typeof value === "object" && "dtype" in value;
  if (!Object.values(node.attributes).some(isTensor)) return node;
  const attributes: Attributes = Object.fromEntries(
    Object.entries(node.attributes).map(([name, value]) => [name, isTensor(value) ? promote(value) : value]),
  );
  return { ...node, attributes };
}
