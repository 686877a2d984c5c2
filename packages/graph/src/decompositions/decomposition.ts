/**
 * @file The driver that replaces nodes by subgraphs ("decompositions") that the runtime executes well.
 *
 * Values keep their names: a subgraph produces its results under the names of the replaced node's outputs. So types inferred on
 * the given graph stay valid.
 */

import { ModelError } from "../errors.js";
import { inferKnownTypes } from "../inference/infer-types.js";
import { GraphBuilder } from "../ir/builder.js";
import type { Graph, Node, Tensor, TensorType } from "../ir/types.js";

export interface DecompositionContext {
  /** Nodes appended here replace the present node. */
  readonly g: GraphBuilder;
  /** Inferred type of a value of the given graph. */
  type(value: string): TensorType;
  constant(value: string): Tensor | undefined;
  /** The nodes of the given graph that read a value. */
  readers(value: string): readonly Node[];
  /**
   * A value that is computed once per key and shared by every node that asks for it, such as a transformed activation
   * that forward and backward pass both read. It is placed before the first node that asks for it.
   */
  once(key: string, make: () => string): string;
}

export interface Decomposition {
  readonly op: string;
  readonly domain: string;
  /** The values that take the place of the node's outputs, or `undefined` to leave the node as it is. */
  rewrite(node: Node, context: DecompositionContext): readonly string[] | undefined;
}

/**
 * Replaces every node for which a decomposition is listed. Names of inputs, outputs and all remaining values stay.
 * @returns the same object when nothing applied.
 */
export function decompose(graph: Graph, decompositions: readonly Decomposition[]): Graph {
  const byOperator = new Map(decompositions.map((decomposition) => [operatorKey(decomposition), decomposition]));
  if (!graph.nodes.some((node) => byOperator.has(operatorKey(node)))) return graph;

  const types = inferKnownTypes(graph);
  const readers = new Map<string, Node[]>();
  for (const node of graph.nodes)
    for (const input of new Set(node.inputs)) readers.set(input, [...(readers.get(input) ?? []), node]);
  const shared = new Map<string, string>();
  const g = new GraphBuilder(graph.name, graph);
  const context: DecompositionContext = {
    g,
    type(value) {
      const type = types.get(value);
      if (!type)
        throw new ModelError(
          "unknown-tensor",
          { graph: graph.name, tensors: [value] },
          `graph "${graph.name}": the type of the value "${value}" is not known`,
        );
      return type;
    },
    constant: (value) => graph.tensors.get(value),
    readers: (value) => readers.get(value) ?? [],
    once(key, make) {
      const value = shared.get(key) ?? make();
      shared.set(key, value);
      return value;
    },
  };

  const nodes: Node[] = [];
  const renamed = new Map<string, string>();
  for (const node of graph.nodes) {
    const start = g.nodes.length;
    const replacements = byOperator.get(operatorKey(node))?.rewrite(node, context);
    if (!replacements) {
      nodes.push(node);
      continue;
    }
    const built = g.nodes.slice(start);
    const own = new Set(built.flatMap((each) => each.outputs));
    nodes.push(...built.map((each) => ({ ...each, name: `${node.name}/${each.name}` })));
    node.outputs.forEach((output, i) => {
      if (output === "") return;
      const replacement = replacements[i]!;
      // A value that existed before cannot take a second name.
      if (own.has(replacement) && !renamed.has(replacement)) renamed.set(replacement, output);
      else nodes.push(identity(`${node.name}/${output}`, replacement, output));
    });
  }
  if (nodes.length === graph.nodes.length && nodes.every((node, i) => node === graph.nodes[i])) return graph;

  const rename = (value: string) => renamed.get(value) ?? value;
  const result = nodes.map((node) => ({
    ...node,
    inputs: node.inputs.map(rename),
    outputs: node.outputs.map(rename),
  }));
  return { ...graph, nodes: result, tensors: usedTensors(g.build(), result) };
}

const operatorKey = ({ op, domain }: { readonly op: string; readonly domain: string }) => `${domain}::${op}`;

const identity = (name: string, input: string, output: string): Node => ({
  name,
  op: "Identity",
  domain: "",
  inputs: [input],
  outputs: [output],
  attributes: {},
});

function usedTensors(graph: Graph, nodes: readonly Node[]): ReadonlyMap<string, Tensor> {
  const used = new Set([...nodes.flatMap((node) => node.inputs), ...graph.outputs]);
  return new Map([...graph.tensors].filter(([name]) => used.has(name)));
}
