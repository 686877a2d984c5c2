/** @file Gives the outputs of a classifier the shape [N, classes], without further axes of size 1. */

import { inferTypes } from "../inference/infer-types.js";
import { FreshNames } from "../ir/names.js";
import type { Dim, Graph, Node } from "../ir/types.js";
import { usesOf } from "../ir/uses.js";
import { removeDeadNodes } from "../passes/remove-dead-nodes.js";

const reshaping: ReadonlySet<string> = new Set(["Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity"]);
const softmaxes: ReadonlySet<string> = new Set(["Softmax", "LogSoftmax"]);
const elementwise: ReadonlySet<string> = new Set(["Sigmoid", "HardSigmoid", "Tanh"]);

/** Whether a shape is [N, classes] or [N, classes, 1, …]. */
const isOfClasses = (shape: readonly Dim[] | undefined): boolean =>
  shape !== undefined && shape.length >= 2 && shape.slice(2).every((dim) => dim === 1);

/**
 * Flattens each output [N, classes, 1, …]. The Flatten goes before the functions of the logits at the end, such as a Softmax
 * over the classes:
 *
 *   Softmax(x [N, classes, 1, 1]) {axis = 1}  →  Softmax(Flatten(x)) {axis = −1}
 *
 * Outputs keep their names. Returns the same graph if all outputs have this form.
 */
export function withFlatOutputs(graph: Graph): Graph {
  return graph.outputs.reduce((current, output) => withFlatOutput(current, output), graph);
}

function withFlatOutput(graph: Graph, output: string): Graph {
  const types = inferTypes(graph);
  const uses = usesOf(graph);
  const shapeOf = (value: string) => types.get(value)?.shape;
  if (!isOfClasses(shapeOf(output)) || uses.count(output) !== 1) return graph;
  const functions: Node[] = [];
  let value = output;
  let isReshaped = shapeOf(output)!.length > 2;
  for (let node = uses.producer(value); node; node = uses.producer(value)) {
    const [before = ""] = node.inputs;
    if (node.domain !== "" || !isOfClasses(shapeOf(before))) break;
    if (reshaping.has(node.op)) isReshaped = true;
    else if (isOverClasses(node, shapeOf(before)!.length)) functions.unshift(node);
    else break;
    value = before;
  }
  return isReshaped ? rebuilt(graph, output, value, shapeOf(value)!.length, functions) : graph;
}

function isOverClasses({ op, attributes }: Node, rank: number): boolean {
  const { axis = -1 } = attributes;
  return elementwise.has(op) || (softmaxes.has(op) && (axis === 1 || axis === 1 - rank));
}

/** Builds an output from `value`: flattens it, then applies the functions; the last of these nodes has the output's name. */
function rebuilt(graph: Graph, output: string, value: string, rank: number, functions: readonly Node[]): Graph {
  const names = new FreshNames(graph.nodes.map(({ name }) => name));
  const values = new FreshNames([
    ...graph.inputs.map(({ name }) => name),
    ...graph.tensors.keys(),
    ...graph.nodes.flatMap(({ outputs }) => outputs),
  ]);
  const flatten: readonly Pick<Node, "op" | "attributes">[] =
    rank > 2
      ? [{ op: "Flatten", attributes: { axis: 1 } }]
      : functions.length === 0
        ? [{ op: "Identity", attributes: {} }]
        : [];
  const steps = [
    ...flatten,
    ...functions.map(({ op, attributes }) => ({ op, attributes: softmaxes.has(op) ? { axis: -1 } : attributes })),
  ];
  const inner = value === output ? values.fresh(`${output}.unflattened`) : value;
  let current = inner;
  const added = steps.map(({ op, attributes }, i): Node => {
    const result = i === steps.length - 1 ? output : values.fresh(`${output}.${op.toLowerCase()}`);
    const node = {
      name: names.fresh(`${output}/${op}`),
      op,
      domain: "",
      inputs: [current],
      outputs: [result],
      attributes,
    };
    current = result;
    return node;
  });
  // The node that produced the output is removed or, if it is flattened itself, loses the name to the new node.
  const rename = (each: string): string => (each === output ? inner : each);
  const others =
    value === output
      ? graph.nodes.map((node) => ({ ...node, outputs: node.outputs.map(rename) }))
      : graph.nodes.filter(({ outputs }) => !outputs.includes(output));
  return removeDeadNodes.run({ ...graph, nodes: [...others, ...added] });
}
