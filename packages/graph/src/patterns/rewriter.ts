/** @file The driver that applies rules to a graph until none applies any more. */

import { inferKnownTypes } from "../inference/infer-types.js";
import { FreshNames } from "../ir/names.js";
import type { Graph, Node, Tensor } from "../ir/types.js";
import { usesOf } from "../ir/uses.js";
import { matchPattern } from "./pattern.js";
import type { RewriteContext, Rule } from "./rule.js";

/** The outcome of a match, which shows why a rule was or was not applied. */
export interface RewriteEvent {
  readonly rule: string;
  readonly node: Node;
  /** The reason why the rule was not applied; absent if it was. */
  readonly skipped?: string;
}

/** Options of `rewrite`. */
export interface RewriteOptions {
  /** Called for each match, whether the rule was applied or not. */
  readonly trace?: (event: RewriteEvent) => void;
}

/** Rules that undo each other would run forever; correct rules need far fewer sweeps. */
const MOST_SWEEPS = 1000;

/**
 * Applies the rules in the order of the list, in sweeps over the graph, until nothing changes. Inputs and outputs of
 * the graph keep their names. Returns the same object if no rule applied.
 */
export function rewrite(graph: Graph, rules: readonly Rule[], options: RewriteOptions = {}): Graph {
  let current = graph;
  for (let sweeps = 0; sweeps < MOST_SWEEPS; sweeps++) {
    const next = new Sweep(current, rules, options).run();
    if (next === current) return current;
    current = next;
  }
  throw new Error(`internal: the rules ${rules.map(({ name }) => name).join(", ")} rewrite "${graph.name}" for ever`);
}

/** One sweep over the nodes. Matches are searched in the graph as it was; a node takes part in at most one rewriting. */
class Sweep {
  readonly #graph: Graph;
  readonly #rules: readonly Rule[];
  readonly #options: RewriteOptions;
  readonly #touched = new Set<Node>();
  readonly #replacements = new Map<Node, readonly Node[]>();
  readonly #tensors = new Map<string, Tensor>();
  /** For each replaced value, the value that its readers now read; applied transitively. */
  readonly #redirected = new Map<string, string>();
  readonly #values: FreshNames;
  readonly #nodeNames: FreshNames;
  readonly #given: ReadonlySet<string>;

  constructor(graph: Graph, rules: readonly Rule[], options: RewriteOptions) {
    this.#graph = graph;
    this.#rules = rules;
    this.#options = options;
    this.#given = new Set(graph.nodes.map(({ name }) => name));
    this.#nodeNames = new FreshNames(this.#given);
    this.#values = new FreshNames([
      ...graph.inputs.map(({ name }) => name),
      ...graph.tensors.keys(),
      ...graph.nodes.flatMap(({ outputs }) => outputs),
    ]);
  }

  run(): Graph {
    for (const root of this.#graph.nodes) for (const rule of this.#rules) if (this.#apply(rule, root)) break;
    return this.#touched.size === 0 ? this.#graph : this.#assemble();
  }

  #apply(rule: Rule, root: Node): boolean {
    const match = matchPattern(this.#graph, rule.match, root);
    if (!match || match.nodes().some((node) => this.#touched.has(node))) return false;
    const built: Node[] = [];
    const tensors = new Map<string, Tensor>();
    const result = rule.rewrite(match, this.#context(match.consumed().concat(root), built, tensors));
    const refused = typeof result === "string" ? this.#redirect(root, result, built) : result.reason;
    this.#options.trace?.({ rule: rule.name, node: root, ...(refused !== undefined && { skipped: refused }) });
    if (refused !== undefined) {
      this.#forget(built, tensors);
      return false;
    }
    for (const [name, tensor] of tensors) this.#tensors.set(name, tensor);
    for (const node of match.nodes()) this.#touched.add(node);
    for (const node of match.consumed()) this.#replacements.set(node, []);
    this.#replacements.set(root, built);
    return true;
  }

  #context(replaced: readonly Node[], built: Node[], tensors: Map<string, Tensor>): RewriteContext {
    const graph = this.#graph;
    const uses = usesOf(graph);
    const free = new Set(replaced.map(({ name }) => name));
    const constant = (tensor: Tensor, name: string): string => {
      const fresh = this.#values.fresh(name);
      tensors.set(fresh, tensor);
      return fresh;
    };
    return {
      graph,
      uses,
      type: (value) => inferKnownTypes(graph).get(value),
      tensor: (value) => graph.tensors.get(value),
      node: (origin, op, inputs, attributes = {}, domain = "") => {
        const name = free.delete(origin.name) ? origin.name : this.#nodeNames.fresh(`${origin.name}/${op}`);
        const output = this.#values.fresh(name);
        built.push({ name, op, domain, inputs, outputs: [output], attributes });
        return output;
      },
      constant,
      replaceConstant: (name, tensor) => {
        if (uses.count(name) > 1) return constant(tensor, name);
        tensors.set(name, tensor);
        return name;
      },
    };
  }

  #forget(built: readonly Node[], tensors: ReadonlyMap<string, Tensor>): void {
    for (const node of built) {
      if (!this.#given.has(node.name)) this.#nodeNames.release(node.name);
      for (const output of node.outputs) this.#values.release(output);
    }
    for (const name of tensors.keys()) if (!this.#graph.tensors.has(name)) this.#values.release(name);
  }

  /**
   * Makes the readers of the root's output read `result`. If the output is a graph output, it keeps its name, so the producer
   * of `result` is renamed instead. Returns the reason if that is impossible.
   */
  #redirect(root: Node, result: string, built: readonly Node[]): string | undefined {
    const output = root.outputs[0]!;
    if (built.some(({ outputs }) => outputs.includes(result))) {
      this.#redirected.set(result, output);
      return undefined;
    }
    const uses = usesOf(this.#graph);
    if (!uses.isGraphOutput(output)) {
      this.#redirected.set(output, result);
      return undefined;
    }
    if (!uses.producer(result)) return `"${output}" is a graph output, and "${result}" an input or a constant`;
    if (uses.isGraphOutput(result) || this.#redirected.has(result))
      return `"${output}" is a graph output, and "${result}" must keep its name`;
    this.#redirected.set(result, output);
    return undefined;
  }

  #assemble(): Graph {
    const nodes = this.#graph.nodes
      .flatMap((node) => this.#replacements.get(node) ?? [node])
      .map((node) => renameValues(node, (value) => this.#resolve(value)));
    const tensors = new Map([...this.#graph.tensors, ...this.#tensors]);
    const read = new Set([...nodes.flatMap(({ inputs }) => inputs), ...this.#graph.outputs]);
    return { ...this.#graph, nodes, tensors: new Map([...tensors].filter(([name]) => read.has(name))) };
  }

  #resolve(value: string): string {
    let name = value;
    for (let next = this.#redirected.get(name); next !== undefined; next = this.#redirected.get(name)) name = next;
    return name;
  }
}

/** The node with its values renamed; the same object if no name changes. */
function renameValues(node: Node, rename: (value: string) => string): Node {
  const inputs = node.inputs.map(rename);
  const outputs = node.outputs.map(rename);
  const same = inputs.every((v, i) => v === node.inputs[i]) && outputs.every((v, i) => v === node.outputs[i]);
  return same ? node : { ...node, inputs, outputs };
}
