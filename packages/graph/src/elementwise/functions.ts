/**
 * @file Functions of one activation that a graph expresses by several elementwise operators:
 *
 *   Mul(x, Sigmoid(x));  Mul(Mul(x, Add(Erf(Div(x, √2)), 1)), 0.5);  Mul(x, Tanh(Softplus(x)))
 *
 * Every operator of a function is elementwise, and reads only values that depend on the function's source, and constants.
 * Constants are one number, or one per channel (PRelu). So the function is a table over the source's codes, or one table per
 * channel.
 */

import { inferKnownTypes } from "../inference/infer-types.js";
import type { Graph, Node, TensorType } from "../ir/types.js";
import { type Uses, usesOf } from "../ir/uses.js";
import { operatorDefinition } from "../operators/index.js";
import { channelVector } from "../passes/channel-affine.js";

/** A chain of elementwise operators that is a function of one activation. */
export interface ElementwiseFunction {
  /** The activation of which it is a function. */
  readonly source: string;
  /** The nodes in order; the last one returns the result. */
  readonly nodes: readonly Node[];
  /** Whether one of its constants differs between channels. */
  readonly perChannel: boolean;
}

const rememberedNodes = new WeakMap<Graph, ReadonlySet<Node>>();
const remembered = new WeakMap<Graph, ReadonlyMap<string, ElementwiseFunction>>();

/**
 * The largest functions of a graph, by the value that they return. Their inner values are read only within the
 * function. A value with further readers ends a function, and may be the source of another. A clamp alone (Relu, Clip)
 * does not count as a function. If a clamp is the only reader of the source, it does not belong to the function either,
 * but to the operator that computes the source.
 */
export function elementwiseFunctions(graph: Graph): ReadonlyMap<string, ElementwiseFunction> {
  const known = remembered.get(graph);
  if (known) return known;
  const functions = new Search(graph).functions();
  remembered.set(graph, functions);
  return functions;
}

const clamps: ReadonlySet<string> = new Set(["Relu", "Clip"]);
const affine: ReadonlySet<string> = new Set(["Add", "Sub", "Mul", "Div"]);

/** The nodes of functions that are more than a factor and an offset per channel. */
export function nonlinearNodes(graph: Graph): ReadonlySet<Node> {
  const known = rememberedNodes.get(graph);
  if (known) return known;
  const functions = [...elementwiseFunctions(graph).values()].filter((each) => isNonlinear(graph, each));
  const nodes = new Set(functions.flatMap((each) => each.nodes));
  rememberedNodes.set(graph, nodes);
  return nodes;
}

/** Whether a function is neither a clamp nor a factor and an offset, nor several of these one after the other. */
function isNonlinear(graph: Graph, { nodes }: ElementwiseFunction): boolean {
  const isConstant = (value: string): boolean => graph.tensors.has(value);
  return nodes.some(
    ({ op, inputs: [a = "", b = ""] }) =>
      !clamps.has(op) && !(affine.has(op) && (isConstant(b) || (op !== "Div" && isConstant(a)))),
  );
}

/** Whether the node is a Gather from a table. */
const isLookUp = ({ tensors }: Graph, { op, inputs, attributes }: Node): boolean =>
  op === "Gather" && (attributes.axis ?? 0) === 0 && tensors.get(inputs[0] ?? "")?.shape.length === 1;

class Search {
  readonly #uses: Uses;
  readonly #types: ReadonlyMap<string, TensorType>;
  /** For each node that may belong to a function: the value of which it is a function. */
  #sources = new Map<Node, string>();
  /** Values with readers outside of functions. */
  readonly #opaque: Set<string>;
  readonly #candidates: readonly Node[];

  constructor(readonly graph: Graph) {
    this.#uses = usesOf(graph);
    this.#types = inferKnownTypes(graph);
    this.#opaque = new Set(graph.outputs);
    this.#candidates = graph.nodes.filter(
      (node) =>
        node.domain === "" &&
        node.outputs.length === 1 &&
        ((operatorDefinition(node.op)?.elementwise && node.op !== "Identity") || isLookUp(graph, node)),
    );
  }

  functions(): ReadonlyMap<string, ElementwiseFunction> {
    // Each round assumes that inner values are read only within functions, and drops those that have other readers.
    do this.#findSources();
    while (this.#findOpaque());
    const found = new Map<string, ElementwiseFunction>();
    for (const [node, source] of this.#sources) {
      const [output] = node.outputs as [string];
      if (!this.#opaque.has(output) || this.#types.get(output)?.dtype !== "float32") continue;
      const nodes = this.#closure(node);
      if (nodes.some(({ op }) => !clamps.has(op)))
        found.set(output, { source, nodes, perChannel: nodes.some((each) => this.#variesByChannel(each, source)) });
    }
    return found;
  }

  #dataOf({ inputs }: Node): readonly string[] {
    return [...new Set(inputs.filter((value) => value !== "" && !this.graph.tensors.has(value)))];
  }

  #findSources(): void {
    this.#sources = new Map();
    for (const node of this.#candidates) {
      const source = this.#sourceOf(node);
      if (source !== undefined) this.#sources.set(node, source);
    }
  }

  #sourceOf(node: Node): string | undefined {
    const data = this.#dataOf(node);
    const [source, ...others] = new Set(data.map((value) => this.#origin(value)));
    if (source === undefined || others.length > 0) return undefined;
    const isBound = clamps.has(node.op) && data[0] === source && this.#uses.count(source) === 1;
    const [from, to] = [source, node.outputs[0]!].map((value) => this.#types.get(value)?.shape);
    const isSame = from !== undefined && from.length > 1 && from.join() === to?.join();
    return !isBound && isSame && this.#hasFittingConstants(node, source) ? source : undefined;
  }

  /** The source of an inner value; for any other value, the value itself. */
  #origin(value: string): string {
    const producer = this.#opaque.has(value) ? undefined : this.#uses.producer(value);
    return (producer && this.#sources.get(producer)) ?? value;
  }

  #findOpaque(): boolean {
    const before = this.#opaque.size;
    for (const [node, source] of this.#sources) {
      const isInner = this.#uses.readers(node.outputs[0]!).every((reader) => this.#sources.get(reader) === source);
      if (!isInner) this.#opaque.add(node.outputs[0]!);
    }
    return this.#opaque.size > before;
  }

  /** The constant operands of an elementwise node. */
  #constants(node: Node) {
    const inputs = isLookUp(this.graph, node) ? [] : node.inputs;
    return inputs.flatMap((value) => this.graph.tensors.get(value) ?? []);
  }

  #hasFittingConstants(node: Node, source: string): boolean {
    const { shape = [] } = this.#types.get(source)!;
    const [, channels] = shape;
    return this.#constants(node).every(
      (tensor) =>
        tensor.data.length === 1 ||
        (typeof channels === "number" && channelVector(tensor, channels, shape.length - 2) !== undefined),
    );
  }

  #variesByChannel(node: Node, source: string): boolean {
    const channels = this.#types.get(source)!.shape![1];
    return channels !== 1 && this.#constants(node).some(({ data }) => data.length > 1);
  }

  /** All nodes between the source and a result. */
  #closure(last: Node): readonly Node[] {
    const within = new Set([last]);
    for (const node of within)
      for (const value of this.#dataOf(node)) {
        const producer = this.#opaque.has(value) ? undefined : this.#uses.producer(value);
        if (producer && this.#sources.has(producer)) within.add(producer);
      }
    return this.#candidates.filter((node) => within.has(node));
  }
}
