/** @file Types of all values of a graph, from the operators' definitions, remembered per graph. */

import { ModelError } from "../errors.js";
import { operatorList } from "../ir/operator-list.js";
import type { Graph, Node, TensorType } from "../ir/types.js";
import type { InferContext } from "../operators/definition.js";
import { operatorDefinition } from "../operators/index.js";
import { adviceFor } from "../refusal/known-patterns.js";
import { inferNode } from "./infer-node.js";
import { ShapeValues } from "./symbolic-shapes.js";

type Types = ReadonlyMap<string, TensorType>;

const inferred = new WeakMap<Graph, Types>();

/**
 * The type of every value; symbolic dimensions (the batch) stay symbols.
 *
 * @throws {ModelError} that lists all unsupported operators at once, or names the node whose inputs do not fit
 */
export function inferTypes(graph: Graph): Types {
  requireSupported(graph);
  return inferKnownTypes(graph);
}

/** @throws {ModelError} that lists the operators without definition, with nodes of each */
export function requireSupported(graph: Graph): void {
  const unknown = graph.nodes.filter(({ op, domain }) => !operatorDefinition(op, domain));
  if (unknown.length === 0) return;
  throw new ModelError(
    "unsupported-operator",
    { graph: graph.name, operators: [...new Set(unknown.map(({ op }) => op))], nodes: unknown.map(({ name }) => name) },
    `graph "${graph.name}": these operators are not supported: ${operatorList(unknown)}. ${adviceFor(graph, unknown)}`,
  );
}

/** Like `inferTypes`, but leaves out the values that unsupported operators produce or that depend on them. */
export function inferKnownTypes(graph: Graph): Types {
  const known = inferred.get(graph);
  if (known) return known;
  const types = new Map<string, TensorType>();
  for (const { name, dtype, shape } of graph.inputs) types.set(name, shape ? { dtype, shape } : { dtype });
  for (const [name, { dtype, shape }] of graph.tensors) types.set(name, { dtype, shape });
  const shapes = new ShapeValues(graph.tensors);
  for (const node of graph.nodes) {
    const outputs = inferKnown(node, types, shapes, graph.tensors);
    shapes.follow(node, (value) => types.get(value));
    for (const [i, name] of node.outputs.entries()) {
      const type = outputs?.[i];
      if (name !== "" && type) types.set(name, type);
    }
  }
  inferred.set(graph, types);
  return types;
}

function inferKnown(
  node: Node,
  types: Types,
  shapes: ShapeValues,
  tensors: Graph["tensors"],
): readonly TensorType[] | undefined {
  const definition = operatorDefinition(node.op, node.domain);
  if (!definition) return undefined;
  if (node.inputs.some((name) => name !== "" && !types.has(name))) return undefined;
  const context: InferContext = {
    node,
    inputs: node.inputs.map((name) => types.get(name)),
    constant: (index) => tensors.get(node.inputs[index] ?? ""),
    dims: (index) => shapes.get(node.inputs[index] ?? "")?.dims,
  };
  return inferNode(definition, context);
}
