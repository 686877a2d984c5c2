/**
 * @file The units that reconstruction learns one after the other, found from the structure of the network.
 *
 * A *cut* is a stored value through which all data passes: at its position in the order of the nodes, no other activation is
 * still needed. Between two neighbouring cuts there is either one layer, or a part with branches (a residual block with its
 * addition; branches with their concatenation), which is learned as a whole. Runs of single layers are joined to chains of up
 * to three, such as the layers of an inverted bottleneck without shortcut. The first and the last layer are separate units.
 *
 * Source: Li et al. 2021, BRECQ, arXiv:2102.05426, §3.2 (block as the granularity of reconstruction).
 */

import { type Graph, ModelError, type Node } from "@subbyte/graph";
import { isFakeQuant } from "../fake-quant.js";
import { isLayer } from "../topology.js";

export interface Block {
  /** Names of its layers, for messages. */
  readonly name: string;
  /** The nodes in order, with FakeQuant nodes; those of the block's input come first. */
  readonly nodes: readonly Node[];
  /** The value that it reads, before any quantization. */
  readonly input: string;
  /** The value at its end, before the quantization that stores it. */
  readonly output: string;
  /** Layers with weights, in order. */
  readonly layers: readonly Node[];
}

/** The largest number of layers in a chain. */
const CHAIN_LAYERS = 3;

/**
 * The blocks of a graph with FakeQuant nodes, in order; together they contain all of its nodes.
 * @throws {ModelError} if the graph has more than one input or output
 */
export function findBlocks(graph: Graph): readonly Block[] {
  return grouped(segments(graph)).map(blockOf);
}

interface Segment {
  readonly nodes: readonly Node[];
  readonly input: string;
  readonly output: string;
}

const layersIn = ({ nodes }: Segment): readonly Node[] => nodes.filter(isLayer);

function blockOf(segment: Segment): Block {
  const layers = layersIn(segment);
  return { ...segment, layers, name: commonName(layers.map(({ name }) => name)) };
}

/** The segments between neighbouring cuts. */
function segments(graph: Graph): readonly Segment[] {
  const [input, ...otherInputs] = graph.inputs;
  const [output, ...otherOutputs] = graph.outputs;
  if (!input || !output || otherInputs.length + otherOutputs.length > 0)
    throw new ModelError(
      "not-a-classifier",
      { graph: graph.name, found: [graph.inputs.length, graph.outputs.length], expected: [1, 1] },
      `graph "${graph.name}": reconstruction takes networks of one input and one output, found ` +
        `${graph.inputs.length} and ${graph.outputs.length}`,
    );
  const readers = new Map<string, Node[]>();
  for (const node of graph.nodes)
    for (const value of new Set(node.inputs)) readers.set(value, [...(readers.get(value) ?? []), node]);
  const constant = constants(graph);
  const isStored = (value: string) => value !== output && (readers.get(value) ?? []).every(isFakeQuant);

  const result: Segment[] = [];
  let nodes: Node[] = [];
  let begin = input.name;
  /** Number of remaining readers of each activation. */
  const alive = new Map([[input.name, readers.get(input.name)?.length ?? 0]]);
  for (const node of graph.nodes) {
    nodes.push(node);
    for (const value of new Set(node.inputs)) {
      const left = alive.get(value);
      if (left === undefined) continue;
      if (left === 1) alive.delete(value);
      else alive.set(value, left - 1);
    }
    for (const value of node.outputs)
      if (!constant.has(value)) alive.set(value, (readers.get(value)?.length ?? 0) + (value === output ? 1 : 0));
    const [end] = node.outputs as [string];
    if (alive.size !== 1 || !alive.has(end) || !isStored(end)) continue;
    result.push({ nodes, input: begin, output: end });
    nodes = [];
    begin = end;
  }
  const last = result.at(-1);
  // The quantization that stores the network's result belongs to the block that computes it, and comes after its output.
  if (last && nodes.every(isFakeQuant)) result.splice(-1, 1, { ...last, nodes: [...last.nodes, ...nodes] });
  else result.push({ nodes, input: begin, output: beforeStorage(graph, output) });
  return result;
}

/** The value before the FakeQuant that produces the given value, if there is one. */
function beforeStorage(graph: Graph, value: string): string {
  const node = graph.nodes.find(({ outputs }) => outputs[0] === value);
  return node && isFakeQuant(node) ? node.inputs[0]! : value;
}

/** Constants, and what is computed from constants alone (quantized weights). */
function constants(graph: Graph): ReadonlySet<string> {
  const known = new Set(graph.tensors.keys());
  for (const node of graph.nodes)
    if (node.inputs.every((value) => value === "" || known.has(value)))
      for (const output of node.outputs) known.add(output);
  return known;
}

const join = (parts: readonly Segment[]): Segment => ({
  nodes: parts.flatMap(({ nodes }) => nodes),
  input: parts[0]!.input,
  output: parts.at(-1)!.output,
});

/** Joins segments without weights (pools, tables) with the next segment that has weights, or else with the last one before. */
function withLayers(parts: readonly Segment[]): readonly Segment[] {
  const result: Segment[] = [];
  let waiting: Segment[] = [];
  for (const part of parts) {
    waiting.push(part);
    if (layersIn(part).length === 0) continue;
    result.push(join(waiting));
    waiting = [];
  }
  if (waiting.length > 0) result.push(join([...result.splice(-1), ...waiting]));
  return result;
}

/** Joins runs of single layers to chains. */
function grouped(parts: readonly Segment[]): readonly Segment[] {
  const units = withLayers(parts);
  const result: Segment[] = [];
  let run: Segment[] = [];
  const flush = () => {
    const chains = Math.ceil(run.length / CHAIN_LAYERS);
    for (let i = 0; i < chains; i++) {
      const from = Math.floor((i * run.length) / chains);
      result.push(join(run.slice(from, Math.floor(((i + 1) * run.length) / chains))));
    }
    run = [];
  };
  units.forEach((unit, i) => {
    const single = layersIn(unit).length === 1;
    if (single && i > 0 && i < units.length - 1) {
      run.push(unit);
      return;
    }
    flush();
    result.push(unit);
  });
  flush();
  return result;
}

/** `layer1.0` for `layer1.0.conv1` and `layer1.0.conv2`; the names themselves if they share no module. */
function commonName(names: readonly string[]): string {
  const [first = "", ...others] = names;
  if (others.length === 0) return first;
  const parts = first.split(".");
  const shared = parts.filter((_, i) => {
    const prefix = `${parts.slice(0, i + 1).join(".")}.`;
    return names.every((name) => name.startsWith(prefix));
  });
  return shared.length > 0 ? shared.join(".") : names.join(" + ");
}
