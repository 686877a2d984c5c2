/** @file The invariants of a Graph, each stated once and checked by `verify`. */

import { ModelError } from "../errors.js";
import { arrayTypes } from "./element-types.js";
import { printNode } from "./printer.js";
import { elementCount } from "./tensor.js";
import type { Graph, Tensor } from "./types.js";

/**
 * Checks these rules:
 *
 * - Every value has a name and is produced exactly once: by an input, a constant or a node output.
 * - Nodes are in topological order: what a node reads is produced before it.
 * - Every graph output is produced.
 * - Node names are present and unique, and every node has an operator and an output.
 * - The data of a constant has the array type of its dtype and as many elements as its shape; 4-bit codes are in range.
 * - Dimensions of inputs are positive integers or symbols.
 *
 * Whether types fit is checked by `inferTypes`.
 *
 * @throws {ModelError} that quotes the lines around the first fault
 */
export function verify(graph: Graph): void {
  const producers = new Map<string, string>();
  const produce = (value: string, producer: string, line?: number): void => {
    if (value === "") fail(graph, `${producer} has no name`, line);
    const other = producers.get(value);
    if (other !== undefined) fail(graph, `"${value}" is produced twice, by ${other} and by ${producer}`, line);
    producers.set(value, producer);
  };
  for (const { name, shape } of graph.inputs) {
    produce(name, `graph input "${name}"`);
    for (const dim of shape ?? [])
      if (typeof dim === "string" ? dim === "" : !Number.isSafeInteger(dim) || dim < 1)
        fail(graph, `graph input "${name}" has the dimension ${JSON.stringify(dim)}`);
  }
  for (const [name, tensor] of graph.tensors) {
    produce(name, `constant "${name}"`);
    verifyTensor(graph, name, tensor);
  }
  verifyNodes(graph, producers, produce);
  for (const output of graph.outputs)
    if (!producers.has(output)) fail(graph, `the graph output "${output}" is produced by nothing`);
}

function verifyNodes(
  graph: Graph,
  producers: ReadonlyMap<string, string>,
  produce: (value: string, producer: string, line: number) => void,
): void {
  const names = new Set<string>();
  for (const [line, node] of graph.nodes.entries()) {
    const title = `${node.op} "${node.name}"`;
    if (node.op === "") fail(graph, `node "${node.name}" has no operator`, line);
    if (node.name === "") fail(graph, `a ${node.op} node has no name`, line);
    if (names.has(node.name)) fail(graph, `two nodes are named "${node.name}"`, line);
    names.add(node.name);
    for (const input of node.inputs)
      if (input !== "" && !producers.has(input)) fail(graph, unknownInput(graph, title, input, line), line);
    if (!node.outputs.some((output) => output !== "")) fail(graph, `${title} has no output`, line);
    for (const output of node.outputs) if (output !== "") produce(output, title, line);
  }
}

function unknownInput(graph: Graph, title: string, input: string, line: number): string {
  const later = graph.nodes.slice(line).find((node) => node.outputs.includes(input));
  return later
    ? `${title} reads "${input}" before ${later.op} "${later.name}" produces it`
    : `${title} reads "${input}", which nothing produces`;
}

function verifyTensor(graph: Graph, name: string, { dtype, shape, data }: Tensor): void {
  if (!shape.every((dim) => Number.isSafeInteger(dim) && dim >= 0))
    fail(graph, `constant "${name}" has the shape [${shape.join(",")}]`);
  if (!(data instanceof arrayTypes[dtype]) || data.length !== elementCount(shape))
    fail(
      graph,
      `constant "${name}" is ${dtype}[${shape.join(",")}], but holds a ${data.constructor.name} of ${data.length} elements`,
    );
  const [low, high] = dtype === "int4" ? [-8, 7] : dtype === "uint4" ? [0, 15] : [];
  if (low !== undefined && high !== undefined && (data as Int8Array).some((code) => code < low || code > high))
    fail(graph, `constant "${name}" is ${dtype} and holds codes outside [${low}, ${high}]`);
}

/** Number of lines that are quoted before and after a fault. */
const CONTEXT_LINES = 2;

function fail(graph: Graph, fault: string, line?: number): never {
  const first = Math.max(0, (line ?? 0) - CONTEXT_LINES);
  const quoted = line === undefined ? [] : graph.nodes.slice(first, line + CONTEXT_LINES + 1);
  const lines = quoted.map((node, i) => `\n  ${first + i === line ? ">" : " "} ${printNode(node, graph.tensors)}`);
  throw new ModelError(
    "malformed-graph",
    { graph: graph.name, reason: fault },
    `graph "${graph.name}" is not well formed: ${fault}${lines.join("")}`,
  );
}
