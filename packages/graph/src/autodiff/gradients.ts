/**
 * @file Reverse-mode differentiation as a graph transformation.
 *
 * The result computes all that the given graph computes, and also the gradient of a scalar loss with respect to each parameter.
 * Each operator's definition has its rule (`OperatorDefinition.gradient`). The rules build ordinary ONNX nodes, or gradient
 * operators of our own (domain "subbyte") that the decomposition passes turn into nodes that a runtime executes fast.
 */

import { ModelError } from "../errors.js";
import { inferTypes } from "../inference/infer-types.js";
import { GraphBuilder } from "../ir/builder.js";
import { isFloat } from "../ir/element-types.js";
import type { Graph, Node, TensorType } from "../ir/types.js";
import { operatorDefinition } from "../operators/index.js";
import { freeName } from "./names.js";

/** The loss, and the values with respect to which it is differentiated. */
export interface GradientRequest {
  /** A value with one element. */
  readonly loss: string;
  /** Constants, graph inputs or any other floating-point values; each must influence the loss. */
  readonly parameters: readonly string[];
}

/** The result of `gradients`. */
export interface GradientGraph {
  /** The graph with the gradients appended to its outputs, in the order of the parameters. */
  readonly graph: Graph;
  /** Names of the gradients: `<parameter>.gradient`, with underscores appended if that name is taken. */
  readonly gradients: readonly string[];
}

/**
 * Appends the gradient of a loss with respect to each parameter.
 *
 * @throws {ModelError} if the loss is no scalar or does not depend on a parameter, or if nodes between parameter and loss have
 * no gradient; the message names all of them.
 */
export function gradients(graph: Graph, { loss, parameters }: GradientRequest): GradientGraph {
  const forward = differentiable(graph, loss, parameters);
  const types = inferTypes(forward);
  const type = (value: string): TensorType => {
    const found = types.get(value);
    if (!found)
      throw new ModelError(
        "unknown-tensor",
        { graph: graph.name, tensors: [value] },
        `graph "${graph.name}" has no value "${value}"`,
      );
    return found;
  };
  const lossType = type(loss);
  if (!isFloat(lossType.dtype) || (lossType.shape ?? []).some((dim) => dim !== 1))
    throw new ModelError(
      "not-differentiable",
      { graph: graph.name, tensors: [loss], reason: "the loss is not a floating-point scalar" },
      `graph "${graph.name}": the loss "${loss}" is ${lossType.dtype}[${lossType.shape}]; needed: a floating-point scalar`,
    );

  const active = dependents(forward, parameters, (value) => isFloat(type(value).dtype));
  const unreached = parameters.filter((value) => !types.has(value));
  if (unreached.length > 0)
    throw new ModelError(
      "unknown-tensor",
      { graph: graph.name, tensors: unreached },
      `graph "${graph.name}" has no values named ${unreached.map((v) => `"${v}"`).join(", ")}`,
    );

  const g = new GraphBuilder(graph.name, forward);
  const contributions = new Map<string, string[]>();
  const contribute = (value: string, gradient: string) =>
    contributions.set(value, [...(contributions.get(value) ?? []), gradient]);
  /** The sum of the contributions so far; when it is asked for, every reader of the value has been visited. */
  const total = (value: string): string | undefined => {
    const parts = contributions.get(value);
    if (!parts) return undefined;
    const sum = parts.reduce((a, b) => g.op("Add", [a, b]));
    contributions.set(value, [sum]);
    return sum;
  };

  if (active.has(loss))
    contribute(
      loss,
      g.constant({ dtype: "float32", shape: (lossType.shape ?? []).map(() => 1), data: Float32Array.of(1) }),
    );
  for (const node of forward.nodes.toReversed()) {
    const needed = node.inputs.map((input) => active.has(input));
    if (!needed.includes(true)) continue;
    const outputGradients = node.outputs.map(total);
    if (outputGradients.every((gradient) => gradient === undefined)) continue;
    const context = { node, g, type, constant: (value: string) => forward.tensors.get(value), outputGradients, needed };
    operatorDefinition(node.op, node.domain)!.gradient!(context).forEach((gradient, i) => {
      if (gradient !== undefined && needed[i]) contribute(node.inputs[i]!, gradient);
    });
  }

  const totals = parameters.map((parameter) => {
    const gradient = total(parameter);
    if (gradient === undefined)
      throw new ModelError(
        "not-differentiable",
        { graph: graph.name, tensors: [parameter], reason: "the loss does not depend on it" },
        `graph "${graph.name}": the loss "${loss}" does not depend on "${parameter}"; leave it out of the parameters`,
      );
    return gradient;
  });
  return named(forward, g, parameters, totals);
}

/**
 * Nodes between parameters and loss in the form that can be differentiated.
 * @throws {ModelError} that lists those which have no gradient
 */
function differentiable(graph: Graph, loss: string, parameters: readonly string[]): Graph {
  const types = inferTypes(graph);
  const active = dependents(graph, parameters, (value) => isFloat(types.get(value)?.dtype ?? "float32"));
  const wanted = new Set([loss]);
  for (const node of graph.nodes.toReversed())
    if (node.outputs.some((output) => wanted.has(output))) for (const input of node.inputs) wanted.add(input);
  const onTheWay = (node: Node) =>
    node.outputs.some((output) => wanted.has(output)) && node.inputs.some((input) => active.has(input));

  const missing = graph.nodes.filter(
    (node) =>
      onTheWay(node) &&
      node.outputs.some((output) => active.has(output) && wanted.has(output)) &&
      !operatorDefinition(node.op, node.domain)?.gradient,
  );
  if (missing.length > 0)
    throw new ModelError(
      "not-differentiable",
      { graph: graph.name, operators: missing.map(({ op }) => op), nodes: missing.map(({ name }) => name) },
      `graph "${graph.name}" cannot be differentiated: no gradient for ${missing.map((n) => `${n.op} "${n.name}"`).join(", ")}`,
    );

  const g = new GraphBuilder(graph.name, graph);
  const nodes = graph.nodes.map((node) => {
    const form = onTheWay(node) ? operatorDefinition(node.op, node.domain)!.differentiable : undefined;
    return form ? form(node, (stem) => freeName(g, stem)) : node;
  });
  return nodes.every((node, i) => node === graph.nodes[i]) ? graph : { ...graph, nodes };
}

/** Values that depend on one of `roots` through values that can carry a gradient. */
function dependents(graph: Graph, roots: readonly string[], carries: (value: string) => boolean): ReadonlySet<string> {
  const active = new Set(roots);
  for (const node of graph.nodes)
    if (node.inputs.some((input) => active.has(input)))
      for (const output of node.outputs) if (output !== "" && carries(output)) active.add(output);
  return active;
}

/** Gives each gradient its own value, called after its parameter, and makes it an output. */
function named(
  forward: Graph,
  g: GraphBuilder,
  parameters: readonly string[],
  totals: readonly string[],
): GradientGraph {
  const mine = new Set(
    g
      .build()
      .nodes.slice(forward.nodes.length)
      .flatMap((node) => node.outputs),
  );
  const renamed = new Map<string, string>();
  const names = parameters.map((parameter, i) => {
    const name = freeName(g, `${parameter}.gradient`);
    const value = totals[i]!;
    if (mine.has(value) && !renamed.has(value)) renamed.set(value, name);
    else g.node("Identity", [value], {}, { outputs: [name] });
    return name;
  });
  const built = g.build();
  const rename = (value: string) => renamed.get(value) ?? value;
  const nodes = built.nodes.map((node, i) =>
    i < forward.nodes.length ? node : { ...node, inputs: node.inputs.map(rename), outputs: node.outputs.map(rename) },
  );
  return { graph: { ...built, nodes, outputs: [...forward.outputs, ...names] }, gradients: names };
}
