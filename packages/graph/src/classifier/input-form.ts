/**
 * @file Brings the input of an image classifier to the form float32 [N, C, H, W]. Exporters also write bytes, channels last,
 * open height and width, a flat vector of pixels, and inputs that nothing reads.
 */

import { dtypeCode } from "../ir/element-types.js";
import { int64 } from "../ir/tensor.js";
import type { Dim, Graph, GraphInput, Node, Tensor } from "../ir/types.js";
import { usesOf } from "../ir/uses.js";

/** Options for the form of the input. */
export interface InputFormOptions {
  /** Side of the images in pixels, for networks that leave height or width open. */
  readonly size?: number;
}

export interface InputForm {
  readonly graph: Graph;
  /** The changes that lead from the file's input to the input of `graph`, in order. */
  readonly changes: readonly InputChange[];
}

/**
 * The changes that the import made to the input: `bytes` (it took bytes), `channels-last` ([N, H, W, C]), `size` (open
 * height or width), `flat` (a vector per image), `unread-inputs` (inputs that nothing reads).
 */
export type InputChange = "bytes" | "channels-last" | "size" | "flat" | "unread-inputs";

/** Gives the graph an input of the usual form. A form that is not recognized stays as it is. */
export function toImageInput(graph: Graph, options: InputFormOptions = {}): InputForm {
  const changes: InputChange[] = [];
  let current = graph;
  const steps: readonly (readonly [InputChange, (graph: Graph) => Graph])[] = [
    ["unread-inputs", withoutUnreadInputs],
    ["bytes", fromBytes],
    ["flat", fromVector],
    ["channels-last", fromChannelsLast],
    ["size", (from) => withSize(from, options.size)],
  ];
  for (const [change, step] of steps) {
    const next = step(current);
    if (next !== current) changes.push(change);
    current = next;
  }
  return { graph: current, changes };
}

/** Removes inputs that nothing reads: leftovers of training, such as a flag or a seed. */
function withoutUnreadInputs(graph: Graph): Graph {
  const uses = usesOf(graph);
  const inputs = graph.inputs.filter(({ name }) => uses.count(name) > 0);
  return inputs.length === graph.inputs.length || inputs.length === 0 ? graph : { ...graph, inputs };
}

/** Makes an integer input that is cast to float32 first a float32 input. */
function fromBytes(graph: Graph): Graph {
  const [input] = graph.inputs;
  if (!input || graph.inputs.length !== 1 || input.dtype === "float32") return graph;
  const readers = usesOf(graph).readers(input.name);
  const FLOAT32 = dtypeCode("float32");
  const isCast = ({ op, domain, attributes }: Node) => op === "Cast" && domain === "" && attributes.to === FLOAT32;
  // Exporters put only operators that move elements between the input and its cast.
  const moves = new Set(["Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze"]);
  const pending = [...readers];
  for (let node = pending.pop(); node; node = pending.pop()) {
    if (isCast(node)) continue;
    if (!moves.has(node.op) || graph.outputs.includes(node.outputs[0]!)) return graph;
    pending.push(...usesOf(graph).readers(node.outputs[0]!));
  }
  return { ...graph, inputs: [{ ...input, dtype: "float32" }] };
}

/** Gives the input the shape `shape`; the operator `op` turns it into the shape that the network took before. */
function behind(
  graph: Graph,
  shape: readonly Dim[],
  op: string,
  attributes: Node["attributes"],
  argument?: Tensor,
): Graph {
  const input = graph.inputs[0] as GraphInput;
  const values = new Set([...graph.tensors.keys(), ...graph.nodes.flatMap(({ outputs }) => outputs)]);
  const names = new Set(graph.nodes.map(({ name }) => name));
  let inner = `${input.name}.${op.toLowerCase()}`;
  while (values.has(inner) || names.has(inner)) inner += "_";
  const target = `${inner}.argument`;
  const inputs = argument ? [input.name, target] : [input.name];
  const first: Node = { name: inner, op, domain: "", inputs, outputs: [inner], attributes };
  const rename = (value: string): string => (value === input.name ? inner : value);
  const nodes = graph.nodes.map((node) => ({ ...node, inputs: node.inputs.map(rename) }));
  return {
    ...graph,
    inputs: [{ ...input, shape }],
    outputs: graph.outputs.map(rename),
    nodes: [first, ...nodes],
    tensors: argument ? new Map([...graph.tensors, [target, argument]]) : graph.tensors,
  };
}

const isChannels = (dim: Dim | undefined): boolean => dim === 1 || dim === 3;

function fromChannelsLast(graph: Graph): Graph {
  const shape = graph.inputs[0]?.shape;
  if (graph.inputs.length !== 1 || shape?.length !== 4 || !isChannels(shape[3]) || isChannels(shape[1])) return graph;
  const [batch, height, width, channels] = shape as [Dim, Dim, Dim, Dim];
  return behind(graph, [batch, channels, height, width], "Transpose", { perm: [0, 2, 3, 1] });
}

/** Turns an input [N, features] of a square image, or [N, H, W] of a gray one, into an image. */
function fromVector(graph: Graph): Graph {
  const shape = graph.inputs[0]?.shape;
  if (graph.inputs.length !== 1 || !shape) return graph;
  const [batch, ...rest] = shape as [Dim, ...Dim[]];
  if (shape.length === 3 && rest.every((dim) => typeof dim === "number" && dim > 4))
    return behind(graph, [batch, 1, ...rest], "Reshape", {}, int64([0, ...(rest as readonly number[])]));
  const [features] = rest;
  if (shape.length !== 2 || typeof features !== "number") return graph;
  const channels = [1, 3].find((count) => Number.isInteger(Math.sqrt(features / count)) && features / count > 4);
  if (!channels) return graph;
  const side = Math.sqrt(features / channels);
  return behind(graph, [batch, channels, side, side], "Flatten", { axis: 1 });
}

/** Sets height and width if the network leaves them open. */
function withSize(graph: Graph, size: number | undefined): Graph {
  const [input] = graph.inputs;
  const shape = input?.shape;
  const isOpen = shape?.length === 4 && shape.slice(2).some((dim) => typeof dim === "string");
  if (!input || graph.inputs.length !== 1 || size === undefined || !isOpen) return graph;
  const sized = shape.map((dim, axis) => (axis >= 2 && typeof dim === "string" ? size : dim));
  return { ...graph, inputs: [{ ...input, shape: sized }] };
}
