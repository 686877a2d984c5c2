/** @file Assembles an immutable Graph node by node; model definitions and gradient rules are written with it. */

import { ModelError } from "../errors.js";
import { float32, int64 } from "./tensor.js";
import type { Attributes, Dim, DType, Graph, GraphInput, Node, Tensor } from "./types.js";

/** Names and domain of a node that is added. */
export interface NodeOptions {
  /** Node name; by default derived from the operator. */
  readonly name?: string;
  /** How many outputs, or their names; one by default. */
  readonly outputs?: number | readonly string[];
  readonly domain?: string;
}

/** Builds a graph node by node. Names are checked to be unique as they are added. */
export class GraphBuilder {
  readonly #inputs: GraphInput[] = [];
  readonly #nodes: Node[] = [];
  readonly #tensors = new Map<string, Tensor>();
  #outputs: string[] = [];
  /** Names of values and names of nodes are separate: a node may have the name of a value that another node produces. */
  readonly #values = new Set<string>();
  readonly #nodeNames = new Set<string>();
  readonly #counters = new Map<string, number>();
  #reserved: ReadonlySet<string> = new Set();

  constructor(
    readonly name: string,
    /** A graph to continue from; its inputs, nodes, constants and outputs are kept. */
    base?: Graph,
  ) {
    if (!base) return;
    this.#inputs.push(...base.inputs);
    this.#nodes.push(...base.nodes);
    for (const [value, tensor] of base.tensors) this.#tensors.set(value, tensor);
    this.#outputs = [...base.outputs];
    for (const input of base.inputs) this.#values.add(input.name);
    for (const value of base.tensors.keys()) this.#values.add(value);
    for (const node of base.nodes) {
      this.#nodeNames.add(node.name);
      for (const output of node.outputs) this.#values.add(output);
    }
  }

  /** Reserves names for values and nodes that are added later; `fresh` returns others. */
  reserve(names: Iterable<string>): void {
    this.#reserved = new Set([...this.#reserved, ...names]);
  }

  /** Declares a graph input and returns its name. */
  input(name: string, dtype: DType, shape: readonly Dim[]): string {
    this.#claim(name);
    this.#inputs.push({ name, dtype, shape });
    return name;
  }

  /** Adds a constant under `name`, or a fresh name, and returns the name. */
  constant(tensor: Tensor, name?: string): string {
    const value = name ?? this.fresh("const");
    if (name !== undefined) this.#claim(name);
    this.#tensors.set(value, tensor);
    return value;
  }

  /** A float32 constant without dimensions. */
  scalar(value: number, name?: string): string {
    return this.constant(float32([value], []), name);
  }

  /** An int64 vector, as shapes, axes and pads are given. */
  ints(values: readonly number[], name?: string): string {
    return this.constant(int64(values), name);
  }

  /** Adds a node and returns the names of its outputs. */
  node(
    op: string,
    inputs: readonly string[],
    attributes: Attributes = {},
    options: NodeOptions = {},
  ): readonly string[] {
    const name = options.name ?? this.fresh(op);
    this.#claim(name, this.#nodeNames);
    let outputs: readonly string[];
    if (typeof options.outputs === "object") {
      outputs = options.outputs;
      for (const output of outputs)
        if (output !== "" && (output !== name || options.name !== undefined)) this.#claim(output);
    } else if (options.outputs === undefined || options.outputs === 1) {
      outputs = [name];
      if (options.name !== undefined) this.#claim(name);
    } else {
      outputs = Array.from({ length: options.outputs }, (_, i) => this.fresh(`${name}:${i}`));
    }
    this.#nodes.push({ name, op, domain: options.domain ?? "", inputs, outputs, attributes });
    return outputs;
  }

  /** Adds a node of one output and returns the output's name. */
  op(op: string, inputs: readonly string[], attributes: Attributes = {}, options: NodeOptions = {}): string {
    return this.node(op, inputs, attributes, options)[0]!;
  }

  /** Makes a value a graph output. */
  output(value: string): void {
    this.#outputs.push(value);
  }

  /** Replaces the list of outputs. */
  setOutputs(values: readonly string[]): void {
    this.#outputs = [...values];
  }

  /** The nodes so far. */
  get nodes(): readonly Node[] {
    return this.#nodes;
  }

  /** Whether a value of this name exists. */
  has(value: string): boolean {
    return this.#values.has(value);
  }

  /** The name if no value or node has it, else the name with a number. */
  free(name: string): string {
    const isTaken = (each: string) => this.#values.has(each) || this.#nodeNames.has(each);
    if (!isTaken(name)) return name;
    let count = 1;
    while (isTaken(`${name}_${count}`) || this.#reserved.has(`${name}_${count}`)) count++;
    return `${name}_${count}`;
  }

  /** A name that starts with `stem` and that no value or node has. */
  fresh(stem: string): string {
    let count = this.#counters.get(stem) ?? 0;
    let name: string;
    do name = `${stem}_${count++}`;
    while (this.#values.has(name) || this.#nodeNames.has(name) || this.#reserved.has(name));
    this.#counters.set(stem, count);
    this.#values.add(name);
    return name;
  }

  /** The graph so far. The builder can be used afterwards. */
  build(): Graph {
    return {
      name: this.name,
      inputs: [...this.#inputs],
      outputs: [...this.#outputs],
      nodes: [...this.#nodes],
      tensors: new Map(this.#tensors),
    };
  }

  #claim(name: string, taken = this.#values): void {
    if (taken.has(name))
      throw new ModelError(
        "malformed-graph",
        { graph: this.name, tensors: [name], reason: "the name is used twice" },
        `graph "${this.name}": the name "${name}" is used twice`,
      );
    taken.add(name);
  }
}
