/**
 * @file Gives nodes, values and weights of PyTorch's exports the names of their modules.
 *
 *   before   /layer1/layer1.0/conv1/Conv_output_0 = Conv(…, onnx::Conv_259, onnx::Conv_260)  # /layer1/layer1.0/conv1/Conv
 *   after    layer1.0.conv1 = Conv(…, layer1.0.conv1.weight, layer1.0.conv1.bias)
 *
 * So a bit policy for a built-in network also fits its ONNX export, and messages use the names of the model's author. Other
 * names, and those of inputs and outputs, stay.
 */

import type { Graph, Node, Tensor } from "../ir/types.js";
import type { Pass } from "./pass.js";

/** Operators that are a module of their own, whose weight is input 1 and whose bias is input 2. */
const layers: ReadonlySet<string> = new Set(["Conv", "ConvTranspose", "Gemm"]);

/** Names that the exporter made up for computed weights, such as those with batch norm folded in. */
const isAnonymous = (name: string): boolean => name.startsWith("onnx::");

/**
 * `/layer1/layer1.0/conv1/Conv` → `layer1.0.conv1` and `Conv`. The name of a container's child repeats that of the container.
 * Returns undefined if the name has another form.
 */
function modulePath(name: string): { readonly path: readonly string[]; readonly last: string } | undefined {
  if (!/^(\/[^/]+)+$/.test(name)) return undefined;
  const segments = name.slice(1).split("/");
  const last = segments.pop()!;
  const path: string[] = [];
  for (const segment of segments) {
    if (segment.startsWith(`${path.at(-1)}.`)) path.pop();
    path.push(segment);
  }
  return { path, last };
}

/** The name that a node should have; its present name if no better one is known. */
function wantedName(node: Node): string {
  const weight = node.inputs[1] ?? "";
  if (layers.has(node.op) && weight.endsWith(".weight")) return weight.slice(0, -".weight".length);
  const module = modulePath(node.name);
  if (!module) return node.name;
  const isModule = layers.has(node.op) && module.path.length > 0;
  return (isModule ? module.path : [...module.path, module.last]).join(".");
}

export const nameByModule: Pass = {
  name: "name-by-module",
  run(graph) {
    const names = nodeNames(graph);
    const values = valueNames(graph, names);
    if (values.size === 0 && graph.nodes.every((node) => names.get(node) === node.name)) return graph;
    const rename = (value: string): string => values.get(value) ?? value;
    return {
      ...graph,
      nodes: graph.nodes.map((node) => ({
        ...node,
        name: names.get(node)!,
        inputs: node.inputs.map(rename),
        outputs: node.outputs.map(rename),
      })),
      tensors: new Map<string, Tensor>([...graph.tensors].map(([name, tensor]) => [rename(name), tensor])),
    };
  },
};

/** New names of all nodes. A name that two nodes would get, or that another node has, is not used. */
function nodeNames(graph: Graph): ReadonlyMap<Node, string> {
  const claims = new Map<string, number>();
  const count = (name: string): void => void claims.set(name, (claims.get(name) ?? 0) + 1);
  for (const node of graph.nodes) for (const name of new Set([node.name, wantedName(node)])) count(name);
  return new Map(
    graph.nodes.map((node) => {
      const wanted = wantedName(node);
      return [node, claims.get(wanted) === 1 ? wanted : node.name];
    }),
  );
}

/**
 * New names of values: those of renamed nodes, and of anonymous weights, which are named after their layer. Inputs and outputs
 * keep their names.
 */
function valueNames(graph: Graph, names: ReadonlyMap<Node, string>): ReadonlyMap<string, string> {
  const taken = new Set([
    ...graph.inputs.map(({ name }) => name),
    ...graph.tensors.keys(),
    ...graph.nodes.flatMap(({ outputs }) => outputs),
  ]);
  const isInterface = new Set(graph.outputs);
  const renamed = new Map<string, string>();
  const rename = (value: string, name: string): void => {
    if (isInterface.has(value) || renamed.has(value) || taken.has(name)) return;
    taken.add(name);
    renamed.set(value, name);
  };
  for (const node of graph.nodes) {
    const name = names.get(node)!;
    if (name !== node.name && node.outputs.length === 1) rename(node.outputs[0]!, name);
    if (!layers.has(node.op)) continue;
    for (const [i, role] of ["weight", "bias"].entries()) {
      const input = node.inputs[i + 1] ?? "";
      if (graph.tensors.has(input) && isAnonymous(input)) rename(input, `${name}.${role}`);
    }
  }
  return renamed;
}
