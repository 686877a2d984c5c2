/**
 * @file Patterns: small graphs with holes, matched backwards from one node.
 *
 *   const x = anyValue(), w = constant();
 *   const conv = node("Conv", [x, w, optional(constant())]);
 *   const relu = node("Relu", [conv]);
 *
 * Each hole and each node is a variable. A variable that occurs twice must match the same value or node in both places. Inner
 * nodes must have no other reader and must not be graph outputs, because the rewriting removes them; `shared` allows other
 * readers.
 */

import type { Graph, Node, Tensor } from "../ir/types.js";
import { usesOf } from "../ir/uses.js";

/** A hole that takes any value. */
export interface AnyValue {
  readonly kind: "any";
}

/** A hole that takes only a constant. */
export interface ConstantValue {
  readonly kind: "constant";
}

/** A hole that may be left out. */
export interface OptionalValue {
  readonly kind: "optional";
  readonly pattern: AnyValue | ConstantValue;
}

/** A node of one of these operators, whose inputs match the given patterns. Build it with `node`. */
export interface NodePattern {
  readonly kind: "node";
  readonly ops: readonly string[];
  readonly domain: string;
  readonly inputs: readonly ValuePattern[];
  /** Also tries the two inputs in reverse order. */
  readonly commutative: boolean;
  /** Allows other readers of the node; then the rewriting does not remove it. */
  readonly shared: boolean;
}

/** Anything that can be an input in a pattern. */
export type ValuePattern = AnyValue | ConstantValue | OptionalValue | NodePattern;

/** Options of a node in a pattern. */
export interface NodePatternOptions {
  readonly domain?: string;
  readonly commutative?: boolean;
  readonly shared?: boolean;
}

/** A hole that takes any value. */
export const anyValue = (): AnyValue => ({ kind: "any" });

/** A hole that takes only a constant. */
export const constant = (): ConstantValue => ({ kind: "constant" });

/** A hole for an input that may be left out. */
export const optional = (pattern: AnyValue | ConstantValue): OptionalValue => ({ kind: "optional", pattern });

/** A node of one of the operators. Inputs beyond those listed must be left out; outputs after the first must be unused. */
export const node = (
  ops: string | readonly string[],
  inputs: readonly ValuePattern[],
  { domain = "", commutative = false, shared = false }: NodePatternOptions = {},
): NodePattern => ({
  kind: "node",
  ops: typeof ops === "string" ? [ops] : ops,
  domain,
  inputs,
  commutative,
  shared,
});

type Bindings = ReadonlyMap<ValuePattern, string | Node | undefined>;

/** The values and nodes that the variables of a pattern matched. */
export class Match {
  readonly #graph: Graph;
  readonly #bindings: Bindings;

  constructor(
    graph: Graph,
    /** The node that the pattern's last operator matched. */
    readonly root: Node,
    bindings: Bindings,
  ) {
    this.#graph = graph;
    this.#bindings = bindings;
  }

  /** The node that matched this part of the pattern. */
  node(pattern: NodePattern): Node {
    return this.#bindings.get(pattern) as Node;
  }

  /** The name of the value in a hole; undefined if an optional one is left out. */
  value(pattern: AnyValue | ConstantValue): string;
  value(pattern: OptionalValue): string | undefined;
  value(pattern: AnyValue | ConstantValue | OptionalValue): string | undefined {
    return this.#bindings.get(pattern) as string | undefined;
  }

  /** The constant in a hole; undefined if an optional one is left out. */
  tensor(pattern: ConstantValue): Tensor;
  tensor(pattern: OptionalValue): Tensor | undefined;
  tensor(pattern: ConstantValue | OptionalValue): Tensor | undefined {
    const value = this.#bindings.get(pattern) as string | undefined;
    return value === undefined ? undefined : this.#graph.tensors.get(value);
  }

  /** All matched nodes, including the root. */
  nodes(): Node[] {
    return [...this.#bindings].flatMap(([pattern, bound]) => (pattern.kind === "node" ? [bound as Node] : []));
  }

  /** The inner nodes that nothing else reads. */
  consumed(): Node[] {
    return [...this.#bindings].flatMap(([pattern, bound]) =>
      pattern.kind === "node" && !pattern.shared && bound !== this.root ? [bound as Node] : [],
    );
  }
}

/** Matches `pattern` with `root` as its last node. */
export function matchPattern(graph: Graph, pattern: NodePattern, root: Node): Match | undefined {
  const bindings = matchNode(graph, pattern, root, new Map());
  return bindings && new Match(graph, root, bindings);
}

function matchNode(graph: Graph, pattern: NodePattern, candidate: Node, bindings: Bindings): Bindings | undefined {
  if (!pattern.ops.includes(candidate.op) || pattern.domain !== candidate.domain) return undefined;
  if (bindings.has(pattern)) return bindings.get(pattern) === candidate ? bindings : undefined;
  const uses = usesOf(graph);
  if (candidate.outputs.some((output, i) => i > 0 && uses.count(output) > 0)) return undefined;
  if (candidate.inputs.length > pattern.inputs.length) return undefined;
  const bound = new Map(bindings).set(pattern, candidate);
  const found = matchInputs(graph, pattern.inputs, candidate.inputs, bound);
  if (found || !pattern.commutative) return found;
  return matchInputs(graph, pattern.inputs, candidate.inputs.toReversed(), bound);
}

function matchInputs(
  graph: Graph,
  patterns: readonly ValuePattern[],
  inputs: readonly string[],
  bindings: Bindings,
): Bindings | undefined {
  let result: Bindings | undefined = bindings;
  for (const [i, pattern] of patterns.entries()) {
    result = matchValue(graph, pattern, inputs[i] ?? "", result);
    if (!result) return undefined;
  }
  return result;
}

function matchValue(graph: Graph, pattern: ValuePattern, value: string, bindings: Bindings): Bindings | undefined {
  const bind = (bound: string | undefined): Bindings | undefined => {
    if (bindings.has(pattern)) return bindings.get(pattern) === bound ? bindings : undefined;
    return new Map(bindings).set(pattern, bound);
  };
  switch (pattern.kind) {
    case "any":
      return value === "" ? undefined : bind(value);
    case "constant":
      return graph.tensors.has(value) ? bind(value) : undefined;
    case "optional":
      if (value === "") return bind(undefined);
      return pattern.pattern.kind === "any" || graph.tensors.has(value) ? bind(value) : undefined;
    case "node": {
      const uses = usesOf(graph);
      const producer = uses.producer(value);
      if (!producer || producer.outputs[0] !== value) return undefined;
      if (!pattern.shared && (uses.count(value) !== 1 || uses.isGraphOutput(value))) return undefined;
      return matchNode(graph, pattern, producer, bindings);
    }
  }
}
