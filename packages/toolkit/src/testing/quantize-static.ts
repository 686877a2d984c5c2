/**
 * @file Quantized files as ONNX Runtime's `quantize_static` writes them (quant_format QDQ): which operators it quantizes, its names and
 * its choice of scales. Source: onnxruntime/python/tools/quantization of ONNX Runtime 1.17.
 */

import { float32, type Graph, GraphBuilder, inferTypes, type Node, type Tensor, usesOf } from "@subbyte/graph";
import { createSession } from "../runtime/session.js";

export interface QuantizeStaticOptions {
  readonly activationType: "uint8" | "int8";
  /** Whether weights have one scale per output channel, instead of one per tensor. */
  readonly perChannel: boolean;
  /** Weights stay float, with QuantizeLinear and DequantizeLinear behind them (`AddQDQPairToWeight`). */
  readonly pairsOnWeights?: boolean;
}

interface Grid {
  readonly scale: Float32Array;
  readonly zeroPoint: number;
}

const layers: ReadonlySet<string> = new Set(["Conv", "Gemm", "MatMul"]);
/** Operators whose inputs and outputs are quantized. */
const wholes: ReadonlySet<string> = new Set([
  ...["Add", "Mul", "Sigmoid", "LeakyRelu", "GlobalAveragePool", "Concat", "Softmax"],
]);
/** Operators whose outputs get the scale and zero point of an input, if that is quantized. */
const direct8Bit: ReadonlySet<string> = new Set([
  ...["MaxPool", "AveragePool", "Reshape", "Transpose", "Squeeze", "Unsqueeze", "Slice"],
]);
/** Activations that are left out after a quantized operator: rounding to the codes of their range has the same effect. */
const removable: ReadonlySet<string> = new Set(["Relu", "Clip"]);

/** @param images that the ranges of activations are measured on, [N, C, H, W] */
export async function quantizeStatic(graph: Graph, images: Tensor, options: QuantizeStaticOptions): Promise<Graph> {
  return new StaticQuantizer(graph, await ranges(graph, images), options).run();
}

/** Smallest and largest element of each float value, 0 included. */
async function ranges(graph: Graph, images: Tensor): Promise<ReadonlyMap<string, readonly [number, number]>> {
  const types = inferTypes(graph);
  const values = graph.nodes.flatMap(({ outputs }) => outputs).filter((value) => types.get(value)?.dtype === "float32");
  const session = await createSession({ ...graph, outputs: values }, { optimization: "disabled", threads: 1 });
  const found = await session.run({ [graph.inputs[0]!.name]: images });
  await session.release();
  return new Map(
    Object.entries({ ...found, [graph.inputs[0]!.name]: images }).map(([name, { data }]) => [
      name,
      rangeOf(data as Float32Array),
    ]),
  );
}

const rangeOf = (data: Float32Array): readonly [number, number] =>
  data.reduce<[number, number]>(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [0, 0]);

class StaticQuantizer {
  readonly #b: GraphBuilder;
  readonly #grids = new Map<string, Grid>();
  /** The names that nodes read instead of the original values. */
  readonly #read = new Map<string, string>();

  constructor(
    readonly graph: Graph,
    readonly ranges: ReadonlyMap<string, readonly [number, number]>,
    readonly options: QuantizeStaticOptions,
  ) {
    this.#b = new GraphBuilder(graph.name);
  }

  run(): Graph {
    const { graph } = this;
    const b = this.#b;
    const { quantized, shared, removed } = this.#plan();
    const pair = (value: string, from = value) => {
      const grid = shared.has(value) ? this.#grids.get(shared.get(value)!)! : this.#gridOf(this.ranges.get(value)!);
      if (quantized.has(value)) this.#quantize(value, grid, from);
    };
    for (const { name, dtype, shape } of graph.inputs) {
      b.input(name, dtype, shape!);
      pair(name);
    }
    for (const node of graph.nodes) {
      if (removed.has(node)) continue;
      const [output] = node.outputs as [string];
      const follower = usesOf(graph).readers(output)[0];
      // A removed activation gives its name to what comes before it.
      const name = follower && removed.has(follower) ? follower.outputs[0]! : output;
      const inner = graph.outputs.includes(name) && quantized.has(name) ? `${name}_QuantizeLinear_Input` : name;
      b.node(node.op, this.#inputs(node), node.attributes, { name: node.name, outputs: [inner], domain: node.domain });
      pair(name, inner);
    }
    b.setOutputs(graph.outputs);
    return b.build();
  }

  /** The values that are quantized, those that take the scale of another, and the nodes that are removed. */
  #plan() {
    const { graph } = this;
    const uses = usesOf(graph);
    const quantized = new Set<string>();
    const shared = new Map<string, string>();
    const removed = new Set<Node>();
    for (const node of graph.nodes) {
      const [input, output] = [node.inputs[0]!, node.outputs[0]!];
      const activations = node.inputs.filter((value) => value !== "" && !graph.tensors.has(value));
      if (layers.has(node.op) || wholes.has(node.op))
        for (const value of [...activations, output]) quantized.add(value);
      else if (direct8Bit.has(node.op) && quantized.has(input)) {
        quantized.add(output);
        shared.set(output, input);
      } else if (removable.has(node.op) && quantized.has(input)) {
        quantized.add(output);
        const before = uses.producer(input);
        if (before && uses.count(input) === 1 && !shared.has(input)) removed.add(node);
      }
    }
    return { quantized, shared, removed };
  }

  #gridOf([low, high]: readonly [number, number]): Grid {
    const lowest = this.options.activationType === "uint8" ? 0 : -128;
    const scale = Math.fround((high - low) / 255) || 1;
    return { scale: Float32Array.of(scale), zeroPoint: Math.round(lowest - low / scale) };
  }

  /** Scale and zero point of the codes of activations. */
  #parameters(value: string, { scale, zeroPoint }: Grid): [string, string] {
    const { activationType: dtype } = this.options;
    const data = dtype === "uint8" ? Uint8Array.of(zeroPoint) : Int8Array.of(zeroPoint);
    return [
      this.#b.constant(float32(scale, []), `${value}_scale`),
      this.#b.constant({ dtype, shape: [], data }, `${value}_zero_point`),
    ];
  }

  #quantize(value: string, grid: Grid, from: string): void {
    const b = this.#b;
    const parameters = this.#parameters(value, grid);
    const codes = `${value}_QuantizeLinear_Output`;
    b.node("QuantizeLinear", [from, ...parameters], {}, { name: `${value}_QuantizeLinear`, outputs: [codes] });
    const outputs = [this.graph.outputs.includes(value) ? value : `${value}_DequantizeLinear_Output`];
    b.node("DequantizeLinear", [codes, ...parameters], {}, { name: `${value}_DequantizeLinear`, outputs });
    this.#grids.set(value, grid);
    this.#read.set(value, outputs[0]!);
  }

  #inputs(node: Node): string[] {
    return node.inputs.map((value, i) => {
      const tensor = this.graph.tensors.get(value);
      if (!tensor) return this.#read.get(value) ?? value;
      if (layers.has(node.op)) return i === 1 ? this.#weights(value, tensor, node) : this.#bias(value, tensor, node);
      if (wholes.has(node.op)) return this.#operand(value, tensor);
      return this.#b.has(value) ? value : this.#b.constant(tensor, value);
    });
  }

  /** Quantizes a constant operand of an operator on activations, with codes of the same type. */
  #operand(value: string, tensor: Tensor): string {
    const grid = this.#gridOf(rangeOf(tensor.data as Float32Array));
    const { activationType: dtype } = this.options;
    const low = dtype === "uint8" ? 0 : -128;
    const codes = Array.from(tensor.data as Float32Array, (x) =>
      Math.min(low + 255, Math.max(low, Math.round(x / grid.scale[0]!) + grid.zeroPoint)),
    );
    const data = dtype === "uint8" ? Uint8Array.from(codes) : Int8Array.from(codes);
    const inputs = [
      this.#b.constant({ dtype, shape: tensor.shape, data }, `${value}_quantized`),
      ...this.#parameters(value, grid),
    ];
    return this.#dequantized(value, inputs);
  }

  #dequantized(value: string, inputs: readonly string[], axis?: number): string {
    const ends = { name: `${value}_DequantizeLinear`, outputs: [`${value}_DequantizeLinear_Output`] };
    return this.#b.op("DequantizeLinear", inputs, axis === undefined ? {} : { axis }, ends);
  }

  /** int8 codes of a layer's weights, symmetric. */
  #weights(value: string, { shape, data }: Tensor, { op, attributes }: Node): string {
    const b = this.#b;
    const axis = op === "Conv" || attributes.transB ? 0 : 1;
    const { perChannel, pairsOnWeights } = this.options;
    const channels = perChannel ? shape[axis]! : 1;
    const inner = perChannel ? shape.slice(axis + 1).reduce((p, dim) => p * dim, 1) : data.length;
    const largest = new Float32Array(channels);
    const channel = (i: number) => Math.floor(i / inner) % channels;
    const real = data as Float32Array;
    real.forEach((w, i) => {
      largest[channel(i)] = Math.max(largest[channel(i)]!, Math.abs(w));
    });
    const scale = largest.map((most) => most / 127 || 1);
    const ends = perChannel ? [channels] : [];
    this.#grids.set(value, { scale, zeroPoint: 0 });
    const parameters = [
      b.constant(float32(scale, ends), `${value}_scale`),
      b.constant({ dtype: "int8", shape: ends, data: new Int8Array(channels) }, `${value}_zero_point`),
    ];
    const along = perChannel ? axis : undefined;
    if (pairsOnWeights) {
      const from = [b.constant({ dtype: "float32", shape, data }, value), ...parameters];
      const outputs = [`${value}_QuantizeLinear_Output`];
      b.node("QuantizeLinear", from, perChannel ? { axis } : {}, { name: `${value}_QuantizeLinear`, outputs });
      return this.#dequantized(value, [...outputs, ...parameters], along);
    }
    const codes = Int8Array.from(real, (w, i) => Math.round(w / scale[channel(i)]!));
    const constant = b.constant({ dtype: "int8", shape, data: codes }, `${value}_quantized`);
    return this.#dequantized(value, [constant, ...parameters], along);
  }

  /** int32 codes at the scale of the products. */
  #bias(value: string, { data, shape }: Tensor, node: Node): string {
    const b = this.#b;
    const input = this.#grids.get(node.inputs[0]!)!.scale[0]!;
    const scale = this.#grids.get(node.inputs[1]!)!.scale.map((s) => s * input);
    const at = (i: number) => scale[scale.length === 1 ? 0 : i]!;
    const codes = Int32Array.from(data as Float32Array, (x, i) => Math.round(x / at(i)));
    const ends = scale.length === 1 ? [] : [scale.length];
    const inputs = [
      b.constant({ dtype: "int32", shape, data: codes }, `${value}_quantized`),
      b.constant(float32(scale, ends), `${value}_quantized_scale`),
      b.constant({ dtype: "int32", shape: ends, data: new Int32Array(scale.length) }, `${value}_quantized_zero_point`),
    ];
    return this.#dequantized(value, inputs, scale.length === 1 ? undefined : 0);
  }
}
