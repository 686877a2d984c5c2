/**
 * @file Quantized files in ONNX's QDQ form: pairs of QuantizeLinear and DequantizeLinear become FakeQuant nodes.
 *
 *   DequantizeLinear(QuantizeLinear(x, s, z), s, z)       →  FakeQuant(x, s, z) {signed = 0}, int8 codes counted from 0
 *   if x is Clip(x', s·(0 − z), s·(2^b − 1 − z))          →  FakeQuant(x', s, z) {bits = b}: so files say fewer than 8 bits
 *   if a Clip of 2^b codes is between the two nodes       →  FakeQuant(x, s, z) {bits = b}: QONNX's "QCDQ"
 *   Conv(x, DequantizeLinear(codes, s))                   →  Conv(x, FakeQuant(s·codes, s, 0) {signed = 1, axis = 0})
 *   DequantizeLinear(codes, s) elsewhere, such as a bias  →  a constant
 *
 * Source: the QDQ format of ONNX Runtime's quantize_static.
 */

import { FreshNames, namesIn } from "../ir/names.js";
import { float32 } from "../ir/tensor.js";
import type { DType, Graph, Node, Tensor } from "../ir/types.js";
import { type Uses, usesOf } from "../ir/uses.js";
import { DequantizeLinear } from "../operators/quantize-linear.js";
import { numbersOf } from "../operators/support/values.js";
import { evaluatedConstants } from "../passes/evaluated-constants.js";
import { foldConstants } from "../passes/fold-constants.js";
import { withConstantCodes } from "./constant-codes.js";

/** The grid of an activation, codes counted from 0. */
interface ActivationGrid {
  readonly value: string;
  /** The values that the DequantizeLinear nodes give. */
  readonly outputs: readonly string[];
  /** A Clip of the codes. */
  readonly clip: Node | undefined;
  readonly bits: number;
  readonly scale: number;
  readonly zeroPoint: number;
}

/** Weights on a symmetric grid, one scale for each output channel. */
interface WeightGrid {
  readonly values: Tensor;
  readonly bits: number;
  readonly narrow: boolean;
  readonly scales: Float32Array;
  readonly axis: number;
}

const BITS = 8;
/** By type, the number to add to a code so that the lowest code becomes 0. */
const offsets: Partial<Record<DType, number>> = { uint8: 0, int8: 128 };
/** The code that stands for 0 on a symmetric grid. */
const middles: Partial<Record<DType, number>> = { int8: 0, int4: 0, uint8: 128, uint4: 8 };
/** From this bit width on, weights that do not use the lowest code get a symmetric grid without it. */
const NARROW_FROM = 4;

const isOperator = (op: string) => (node: Node | undefined) => node?.op === op && node.domain === "";
const isQuantize = isOperator("QuantizeLinear");
const isDequantize = isOperator("DequantizeLinear");

/**
 * Returns the graph with FakeQuant nodes, if FakeQuant can express the quantization of all its activations and weights: at most
 * 8 bits, one scale per activation, symmetric weights. Otherwise, only dequantized constants change: they become float
 * constants.
 */
export function fromQdq(graph: Graph): Graph {
  if (!graph.nodes.some(isDequantize)) return graph;
  // Scales may be computed in the file, such as max(|w|) / 127.
  const prepared = withConstantCodes(foldConstants.run(graph));
  const grids = gridsOf(prepared);
  return rebuilt(prepared, grids ?? { activations: new Map(), weights: new Map() });
}

interface Grids {
  /** Grids of activations, by QuantizeLinear node. */
  readonly activations: ReadonlyMap<Node, ActivationGrid>;
  /** Grids of weights, by DequantizeLinear node. */
  readonly weights: ReadonlyMap<Node, WeightGrid>;
}

/** Returns undefined if FakeQuant cannot express one of them, or no activation is quantized. */
function gridsOf(graph: Graph): Grids | undefined {
  const uses = usesOf(graph);
  const activations = new Map<Node, ActivationGrid>();
  const weights = new Map<Node, WeightGrid>();
  for (const node of graph.nodes) {
    if (isQuantize(node)) {
      const grid = activationGrid(graph, uses, node);
      if (!grid) return undefined;
      activations.set(node, grid);
    } else if (isDequantize(node) && graph.tensors.has(node.inputs[0]!)) {
      const readers = uses.readers(node.outputs[0]!);
      const layer = readers.find(({ op, inputs }) => layers.has(op) && inputs[1] === node.outputs[0]);
      if (!layer) continue;
      const grid = weightGrid(graph, node, layer);
      if (!grid) return undefined;
      weights.set(node, grid);
    }
  }
  return activations.size === 0 ? undefined : { activations, weights };
}

function activationGrid(graph: Graph, uses: Uses, node: Node): ActivationGrid | undefined {
  const [value, scaleName, zeroPointName = ""] = node.inputs as [string, string, string?];
  const [scale, zero] = [graph.tensors.get(scaleName), graph.tensors.get(zeroPointName)];
  const offset = offsets[zero?.dtype ?? "uint8"];
  const clip = onlyClip(uses, node);
  const [codes] = (clip ?? node).outputs as [string];
  const readers = uses.readers(codes);
  const isPair = readers.every((reader) => isDequantize(reader) && sameConstants(graph, node, reader));
  if (scale?.data.length !== 1 || (zero?.data.length ?? 1) !== 1 || offset === undefined) return undefined;
  if (!isPair || readers.length === 0 || uses.isGraphOutput(codes) || graph.tensors.has(value)) return undefined;
  const grid = { scale: Number(scale.data[0]), zeroPoint: Number(zero?.data[0] ?? 0) + offset };
  const ends = { value, outputs: readers.map(({ outputs }) => outputs[0]!), clip };
  if (clip) {
    const [low = Number.NaN, high = Number.NaN] = boundsOf(graph, clip).map((bound) => bound + offset);
    const bits = Math.log2(high - low + 1);
    const isWhole = Number.isInteger(bits) && bits >= 2 && bits <= BITS && low >= 0 && high < 2 ** BITS;
    const hasZero = low <= grid.zeroPoint && grid.zeroPoint <= high;
    return isWhole && hasZero ? { ...ends, ...grid, bits, zeroPoint: grid.zeroPoint - low } : undefined;
  }
  return { ...ends, bits: BITS, ...grid, ...clippedGrid(graph, uses, value, grid) };
}

/** The Clip of the codes, if nothing else reads them. */
function onlyClip(uses: Uses, { outputs: [codes] }: Node): Node | undefined {
  const [reader, ...others] = uses.readers(codes!);
  return reader?.op === "Clip" && others.length === 0 && !uses.isGraphOutput(codes!) ? reader : undefined;
}

const boundsOf = ({ tensors }: Graph, { inputs }: Node): readonly number[] =>
  [1, 2].map((i) => Number(tensors.get(inputs[i] ?? "")?.data[0] ?? Number.NaN));

/** Whether `reader` has the same scale and zero point as a QuantizeLinear, even under other names. */
function sameConstants({ tensors }: Graph, { inputs }: Node, reader: Node): boolean {
  return [1, 2].every((i) => {
    const [a, b] = [tensors.get(inputs[i] ?? ""), tensors.get(reader.inputs[i] ?? "")];
    return a?.dtype === b?.dtype && a?.data.join() === b?.data.join();
  });
}

/** The grid if a Clip before QuantizeLinear limits the values to fewer than 256 codes. */
function clippedGrid(
  graph: Graph,
  uses: Uses,
  value: string,
  { scale, zeroPoint }: Pick<ActivationGrid, "scale" | "zeroPoint">,
): Pick<ActivationGrid, "value" | "bits"> | undefined {
  const clip = uses.producer(value);
  if (clip?.op !== "Clip" || uses.count(value) !== 1) return undefined;
  const [low, high] = boundsOf(graph, clip).map((bound) => bound / scale);
  for (let bits = 2; bits < BITS; bits++) {
    const isBound = (steps: number | undefined, code: number) => Math.abs(steps! - (code - zeroPoint)) < 1e-3;
    if (isBound(low, 0) && isBound(high, 2 ** bits - 1)) return { value: clip.inputs[0]!, bits };
  }
  return undefined;
}

const layers: ReadonlySet<string> = new Set(["Conv", "Gemm", "MatMul"]);

/** The axis of a layer's weights that counts its output channels. */
const outputAxis = ({ op, attributes }: Node): number => (op === "Conv" || attributes.transB ? 0 : 1);

function weightGrid({ tensors }: Graph, node: Node, layer: Node): WeightGrid | undefined {
  const [codes, scale, zero] = node.inputs.map((input) => tensors.get(input));
  const middle = codes && middles[codes.dtype];
  const axis = outputAxis(layer);
  const channels = codes?.shape[axis];
  const isPerChannel = scale !== undefined && scale.data.length > 1;
  if (!codes || !scale || middle === undefined || channels === undefined || node.attributes.block_size)
    return undefined;
  if (isPerChannel && (Number(node.attributes.axis ?? 1) !== axis || scale.data.length !== channels)) return undefined;
  const zeros = zero ? Array.from(zero.data as ArrayLike<number>, Number) : [0];
  if (!zeros.every((value) => value === middle)) return undefined;
  let [lowest, highest] = [0, 0];
  for (const code of codes.data as Int8Array) {
    lowest = Math.min(lowest, code - middle);
    highest = Math.max(highest, code - middle);
  }
  const bits = Math.max(2, ...[highest + 1, -lowest].map((bound) => Math.ceil(Math.log2(bound)) + 1));
  const [values] = DequantizeLinear.evaluate!(node, [codes, scale, zero]);
  const scales = Float32Array.from({ length: channels }, (_, c) => Number(scale.data[isPerChannel ? c : 0]));
  return { values: values!, bits, narrow: bits >= NARROW_FROM && lowest > -(2 ** (bits - 1)), scales, axis };
}

function rebuilt(graph: Graph, { activations, weights }: Grids): Graph {
  const grids = [...activations.values()];
  const removed = new Set(grids.map(({ clip }) => clip));
  const dequantized = new Set(grids.flatMap(({ outputs }) => outputs));
  const names = new FreshNames(namesIn(graph));
  const tensors = new Map(graph.tensors);
  const renamed = new Map<string, string>();
  const rename = (value: string): string => renamed.get(value) ?? value;
  const constant = (tensor: Tensor, stem: string): string => {
    const name = names.fresh(stem);
    tensors.set(name, tensor);
    return name;
  };
  const fakeQuant = (
    input: string,
    output: string,
    scale: Tensor,
    zero: Tensor,
    attributes: Node["attributes"],
  ): Node => {
    const name = names.fresh(`${input}/q${attributes.bits}`);
    const inputs = [input, constant(scale, `${name}.scale`), constant(zero, `${name}.zero_point`)];
    return {
      name,
      op: "FakeQuant",
      domain: "subbyte",
      inputs,
      outputs: [output],
      attributes: { ...attributes, learnable: 1 },
    };
  };
  const nodes = graph.nodes.flatMap((node): readonly Node[] => {
    const [output] = node.outputs as [string];
    const activation = activations.get(node);
    if (activation) {
      const { value, bits, scale, zeroPoint } = activation;
      const [first, ...others] = activation.outputs;
      for (const other of others) renamed.set(other, first!);
      const grid = { bits, signed: 0, narrow: 0 };
      return [fakeQuant(rename(value), first!, float32([scale], []), float32([zeroPoint], []), grid)];
    }
    const weight = weights.get(node);
    if (weight) {
      const { values, bits, narrow, scales, axis } = weight;
      const data = constant(values, `${node.inputs[0]}.real`);
      const grid = { bits, signed: 1, narrow: narrow ? 1 : 0, axis };
      return [fakeQuant(data, output, float32(scales), float32(new Float32Array(scales.length)), grid)];
    }
    if (removed.has(node) || dequantized.has(output)) return [];
    const [values] =
      (isDequantize(node) && !node.attributes.block_size && evaluatedConstants(node, graph.tensors)) || [];
    if (values) {
      tensors.set(output, float32(numbersOf(values), values.shape));
      return [];
    }
    return [{ ...node, inputs: node.inputs.map(rename) }];
  });
  return { ...graph, nodes, outputs: graph.outputs.map(rename), tensors };
}
