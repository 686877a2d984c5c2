/** @file Reads, inserts and sets FakeQuant nodes; only this file knows their attributes and the names of their constants. */

import { roundHalfToEven } from "@subbyte/engine";
import {
  codeRange as attributeCodeRange,
  float32,
  type Graph,
  type GraphBuilder,
  type Node,
  type Tensor,
} from "@subbyte/graph";

/** The grid that a FakeQuant node rounds to, without its scale. */
export interface QuantGrid {
  /** Bit width, 2 … 8. */
  readonly bits: number;
  readonly signed: boolean;
  /** Whether the lowest code stays unused; only for signed grids. */
  readonly narrow: boolean;
  /** The channel axis if scale and zero point are per channel. */
  readonly axis: number | undefined;
}

export interface FakeQuantOptions {
  readonly bits: number;
  readonly signed: boolean;
  readonly narrow?: boolean;
  readonly learnable?: boolean;
  readonly axis?: number;
  /** Channel count along `axis`. */
  readonly channels?: number;
}

/** The grid and constants of a FakeQuant node. */
export interface FakeQuant extends QuantGrid {
  readonly node: Node;
  /** The value that it quantizes. */
  readonly input: string;
  readonly output: string;
  /** Names of the constants. */
  readonly scale: string;
  readonly zeroPoint: string;
  /** Whether it quantizes a constant. */
  readonly ofWeights: boolean;
}

export const isFakeQuant = (node: Node): boolean => node.op === "FakeQuant" && node.domain === "subbyte";

/** Adds a FakeQuant of `value` with scale 1 and zero point 0 and returns its output. */
export function addFakeQuant(b: GraphBuilder, value: string, options: FakeQuantOptions): string {
  const { bits, signed, narrow = false, learnable = false, axis, channels } = options;
  const stem = `${value}/q${bits}`;
  let name = stem;
  for (let i = 1; b.has(name); i++) name = `${stem}_${i}`;
  const shape = axis === undefined ? [] : [channels!];
  const count = axis === undefined ? 1 : channels!;
  const scale = b.constant(float32(new Float32Array(count).fill(1), shape), `${name}.scale`);
  const zeroPoint = b.constant(float32(new Float32Array(count), shape), `${name}.zero_point`);
  return b.op(
    "FakeQuant",
    [value, scale, zeroPoint],
    {
      bits,
      signed: signed ? 1 : 0,
      narrow: narrow ? 1 : 0,
      learnable: learnable ? 1 : 0,
      ...(axis === undefined ? {} : { axis }),
    },
    { name, domain: "subbyte" },
  );
}

/** Reads a FakeQuant node. */
export function fakeQuant(graph: Graph, node: Node): FakeQuant {
  const { bits, signed, narrow, axis } = node.attributes;
  const [input, scale, zeroPoint] = node.inputs as [string, string, string];
  return {
    node,
    input,
    output: node.outputs[0]!,
    scale,
    zeroPoint,
    bits: Number(bits),
    signed: Number(signed) === 1,
    narrow: Number(narrow ?? 0) === 1,
    axis: axis === undefined ? undefined : Number(axis),
    ofWeights: graph.tensors.has(input),
  };
}

/** All FakeQuant nodes in order. */
export const fakeQuants = (graph: Graph): readonly FakeQuant[] =>
  graph.nodes.filter(isFakeQuant).map((node) => fakeQuant(graph, node));

/** Lowest and highest code of a grid. */
export function codeRange({ bits, signed, narrow }: Pick<QuantGrid, "bits" | "signed" | "narrow">): {
  readonly min: number;
  readonly max: number;
} {
  const { qmin, qmax } = attributeCodeRange({ bits, signed: signed ? 1 : 0, narrow: narrow ? 1 : 0 });
  return { min: qmin, max: qmax };
}

/** The graph with some constants replaced. */
export function withTensors(graph: Graph, replacements: ReadonlyMap<string, Tensor>): Graph {
  if (replacements.size === 0) return graph;
  return { ...graph, tensors: new Map([...graph.tensors, ...replacements]) };
}

/** The code of a real value on a grid: clamp(rne(fround(x / scale)) + zeroPoint), as the simulation computes it in float32. */
export function quantizeValue(x: number, scale: number, zeroPoint: number, min: number, max: number): number {
  const code = roundHalfToEven(Math.fround(x / scale)) + zeroPoint;
  return code < min ? min : code > max ? max : code;
}

/** The graph without FakeQuant nodes: the float network again. */
export function withoutFakeQuant(graph: Graph): Graph {
  const source = new Map<string, string>();
  const resolve = (value: string): string => source.get(value) ?? value;
  const nodes: Node[] = [];
  const dropped = new Set<string>();
  for (const node of graph.nodes) {
    if (isFakeQuant(node)) {
      source.set(node.outputs[0]!, resolve(node.inputs[0]!));
      for (const constant of node.inputs.slice(1)) dropped.add(constant);
    } else {
      nodes.push({ ...node, inputs: node.inputs.map(resolve) });
    }
  }
  return {
    ...graph,
    nodes,
    outputs: graph.outputs.map(resolve),
    tensors: new Map([...graph.tensors].filter(([name]) => !dropped.has(name))),
  };
}
