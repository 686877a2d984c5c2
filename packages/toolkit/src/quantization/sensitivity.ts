/**
 * @file Which layer hurts, how much, and why. Each layer's noise is split by where it comes from: weights, clipping of its input,
 * rounding of its input, its bias's grid. One pass of the float network measures all layers alone; one of the quantized network
 * measures what has gathered at each layer.
 */

import { expandForInference, float32, type Graph, GraphBuilder, type Node, type Tensor } from "@subbyte/graph";
import { DataError } from "../errors.js";
import { createSession, type SessionOptions } from "../runtime/session.js";
import { biasCodes, biasValues } from "./biases.js";
import { causeOf, type LayerFacts } from "./causes.js";
import type { Check, Closeness } from "./check.js";
import { codeRange, type FakeQuant, fakeQuants, quantizeValue, withoutFakeQuant, withTensors } from "./fake-quant.js";
import { isLayer } from "./topology.js";

export interface LayerSensitivity extends LayerFacts {
  /** Signal-to-noise ratio of the layer's output in dB when this layer alone is quantized. */
  readonly aloneDb: number;
  /** The same with everything before it quantized too. */
  readonly cumulativeDb: number;
  /** Why it is noisy, in words. */
  readonly cause: string;
  /** The network with this layer alone quantized; absent unless asked for. */
  readonly aloneQuantized?: Closeness;
  /** The quantized network with this layer left float; absent unless asked for. */
  readonly keptFloat?: Closeness;
}

export interface SensitivityOptions extends SessionOptions {
  /** Measures the network with each layer alone quantized and each alone kept float: two evaluations a layer. */
  readonly check?: Check;
  readonly onProgress?: (done: number, of: number) => void;
  readonly signal?: AbortSignal;
}

/** Images of a few batches give the power of noise within a percent. */
const IMAGES = 128;

/**
 * @param graph with FakeQuant nodes whose scales are set
 * @param batches images `[N, C, H, W]`, normalized; the first 128 are looked at
 * @param float the network it was made from, where weights or biases were changed; by default the graph without its FakeQuant nodes
 *   (an equalized network is not comparable with it layer by layer)
 * @returns the layers, the noisiest (alone) first
 * @throws {DataError} where `float` lacks a layer; what `options.signal` is aborted with
 */
export async function layerSensitivity(
  graph: Graph,
  batches: readonly Tensor[],
  options: SensitivityOptions = {},
  float: Graph = withoutFakeQuant(graph),
): Promise<readonly LayerSensitivity[]> {
  const layers = quantizedLayers(graph);
  const known = new Set(float.nodes.map(({ name }) => name));
  const strange = layers.filter(({ node }) => !known.has(node.name)).map(({ node }) => node.name);
  if (strange.length > 0)
    throw new DataError(
      `"${graph.name}" has layers that "${float.name}" does not have: ${strange.slice(0, 3).join(", ")}. ` +
        "Compare a quantized network with the float network that it was made from.",
    );
  const { check, onProgress, signal, ...session } = options;
  const taken = firstBatches(batches, IMAGES);
  const alone = await measureAlone(graph, float, layers, taken, session);
  const cumulative = await measureCumulative(graph, float, layers, taken, session);
  const results: LayerSensitivity[] = [];
  for (const layer of layers) {
    signal?.throwIfAborted();
    const facts = alone.get(layer.node.name)!;
    results.push({
      ...facts,
      aloneDb: decibel(
        facts.signal,
        facts.noise.weights + facts.noise.clipping + facts.noise.rounding + facts.noise.bias,
      ),
      cumulativeDb: cumulative.get(layer.node.name)!,
      cause: causeOf(facts),
      ...(check
        ? {
            aloneQuantized: await check.measure(quantizedAlone(graph, float, layer)),
            keptFloat: await check.measure(keptFloat(graph, float, layer)),
          }
        : {}),
    });
    onProgress?.(results.length, layers.length);
  }
  return results.sort((a, b) => a.aloneDb - b.aloneDb);
}

/** A layer with the grids of its weights and its input. */
export interface QuantizedLayer {
  readonly node: Node;
  readonly weights: FakeQuant;
  readonly input: FakeQuant;
  readonly first: boolean;
  readonly last: boolean;
}

/** The layers of a graph with FakeQuant nodes, in order. */
export function quantizedLayers(graph: Graph): readonly QuantizedLayer[] {
  const byOutput = new Map(fakeQuants(graph).map((fq) => [fq.output, fq]));
  const producer = new Map(graph.nodes.flatMap((node) => node.outputs.map((output) => [output, node])));
  const inputOf = (value: string): FakeQuant | undefined => {
    const fq = byOutput.get(value);
    const node = producer.get(value);
    return fq ?? (node && !isLayer(node) ? inputOf(node.inputs[0]!) : undefined);
  };
  const nodes = graph.nodes.filter(isLayer);
  return nodes.flatMap((node, i) => {
    const weights = byOutput.get(node.inputs[1]!);
    const input = inputOf(node.inputs[0]!);
    if (!weights || !input) return [];
    return [{ node, weights, input, first: i === 0, last: i === nodes.length - 1 }];
  });
}

/** The float network with one layer's weights, its input, or both on their grids. */
export function quantizedAlone(
  graph: Graph,
  float: Graph,
  layer: QuantizedLayer,
  side: "weights" | "input" | "both" = "both",
): Graph {
  const b = new GraphBuilder(float.name);
  for (const { name, dtype, shape } of float.inputs) b.input(name, dtype, shape ?? []);
  for (const [name, tensor] of float.tensors) b.constant(tensor, name);
  for (const node of float.nodes) {
    const inputs = [...node.inputs];
    if (node.name === layer.node.name) {
      if (side !== "weights") inputs[0] = throughGrid(b, graph, layer, inputs[0]!).quantized;
      if (side !== "input") inputs[1] = b.constant(roundedWeights(graph, layer.weights));
    }
    b.node(node.op, inputs, node.attributes, { name: node.name, outputs: node.outputs, domain: node.domain });
  }
  b.setOutputs(float.outputs);
  return b.build();
}

/**
 * The quantized network with one layer's weights and bias from the float network and, where only layers read it, its input
 * unrounded.
 */
function keptFloat(graph: Graph, float: Graph, layer: QuantizedLayer): Graph {
  const original = float.nodes.find(({ name }) => name === layer.node.name)!;
  const tensors = new Map([[layer.weights.input, float.tensors.get(original.inputs[1]!)!]]);
  const bias = layer.node.inputs[2];
  if (bias && original.inputs[2]) tensors.set(bias, float.tensors.get(original.inputs[2])!);
  const source = new Map([[layer.weights.output, layer.weights.input]]);
  const readers = graph.nodes.filter(({ inputs }) => inputs.includes(layer.input.output));
  if (readers.every(isLayer)) source.set(layer.input.output, layer.input.input);
  return {
    ...withTensors(graph, tensors),
    nodes: graph.nodes.map((node) =>
      node === layer.node ? { ...node, inputs: node.inputs.map((value) => source.get(value) ?? value) } : node,
    ),
  };
}

/** A value clipped to a layer's input range, and rounded to its grid. */
function throughGrid(b: GraphBuilder, graph: Graph, { node, input }: QuantizedLayer, value: string) {
  const { scale, zeroPoint } = inputGrid(graph, input);
  const { min, max } = codeRange(input);
  const step = b.scalar(scale);
  const named = (op: string, inputs: readonly string[]) => b.op(op, inputs, {}, { name: `${node.name}/grid/${op}` });
  const bounds = [b.scalar(scale * (min - zeroPoint)), b.scalar(scale * (max - zeroPoint))];
  const clipped = named("Clip", [value, ...bounds]);
  return { clipped, quantized: named("Mul", [named("Round", [named("Div", [clipped, step])]), step]) };
}

/** The float network with, for each layer, the noise in its output by origin as further outputs. */
async function measureAlone(
  graph: Graph,
  float: Graph,
  layers: readonly QuantizedLayer[],
  batches: readonly Tensor[],
  session: SessionOptions,
): Promise<ReadonlyMap<string, LayerFacts>> {
  const byName = new Map(float.nodes.map((node) => [node.name, node]));
  const b = new GraphBuilder(`${float.name} noise`, float);
  const probes = layers.map((layer) => {
    const node = byName.get(layer.node.name)!;
    const [x, weight] = node.inputs as [string, string];
    const original = float.tensors.get(weight)!;
    const rounded = roundedWeights(graph, layer.weights);
    const error = (original.data as Float32Array).map((w, i) => (rounded.data as Float32Array)[i]! - w);
    const { clipped, quantized } = throughGrid(b, graph, layer, x);
    const through = (value: string, tensor: Tensor) => b.op(node.op, [value, b.constant(tensor)], node.attributes);
    const energy = (value: string) => b.op("ReduceMean", [b.op("Mul", [value, value])], { keepdims: 0 });
    return {
      layer,
      input: x,
      original,
      rounded,
      outputs: {
        signal: energy(through(x, original)),
        weights: energy(through(x, float32(error, original.shape))),
        clipping: energy(through(b.op("Sub", [clipped, x]), rounded)),
        rounding: energy(through(b.op("Sub", [quantized, clipped]), rounded)),
      },
    };
  });
  const inputs = [...new Set(probes.map(({ input }) => input))];
  const image = float.inputs[0]!.name;
  b.setOutputs([
    ...inputs.filter((input) => input !== image),
    ...probes.flatMap(({ outputs }) => Object.values(outputs)),
  ]);
  const network = await createSession(b.build(), session);
  const sums = new Map<string, number>();
  const observed = new Map(layers.map((layer) => [layer.node.name, new InputFacts(graph, layer.input)]));
  let images = 0;
  try {
    for (const batch of batches) {
      const count = batch.shape[0]!;
      const results: Record<string, Tensor> = { ...(await network.run({ [image]: batch })), [image]: batch };
      for (const { layer, input, outputs } of probes) {
        observed.get(layer.node.name)!.add(results[input]!);
        for (const output of Object.values(outputs))
          sums.set(output, (sums.get(output) ?? 0) + count * (results[output]!.data as Float32Array)[0]!);
      }
      images += count;
    }
  } finally {
    await network.release();
  }
  return new Map(
    probes.map(({ layer, outputs, original, rounded }) => {
      const mean = (output: string) => sums.get(output)! / images;
      return [
        layer.node.name,
        {
          layer: layer.node.name,
          op: layer.node.op,
          position: layer.first ? "first" : layer.last ? "last" : "inner",
          weightBits: layer.weights.bits,
          inputBits: layer.input.bits,
          signal: mean(outputs.signal),
          noise: {
            weights: mean(outputs.weights),
            clipping: mean(outputs.clipping),
            rounding: mean(outputs.rounding),
            bias: biasNoise(graph, layer),
          },
          ...observed.get(layer.node.name)!.facts(),
          ...weightFacts(graph, layer, original, rounded),
        } satisfies LayerFacts,
      ];
    }),
  );
}

/** Signal-to-noise ratio of each layer's output in the whole quantized network, in dB. */
async function measureCumulative(
  graph: Graph,
  float: Graph,
  layers: readonly QuantizedLayer[],
  batches: readonly Tensor[],
  options: SessionOptions,
): Promise<ReadonlyMap<string, number>> {
  const byName = new Map(float.nodes.map((node) => [node.name, node]));
  const outputs = layers.map(({ node }) => node.outputs[0]!);
  const floatOutputs = layers.map(({ node }) => byName.get(node.name)!.outputs[0]!);
  const [reference, quantized] = await Promise.all([
    createSession({ ...float, outputs: floatOutputs }, options),
    createSession(expandForInference({ ...graph, outputs }), options),
  ]);
  const signal = new Float64Array(layers.length);
  const noise = new Float64Array(layers.length);
  try {
    for (const batch of batches) {
      const [expected, actual] = await Promise.all([
        reference.run({ [float.inputs[0]!.name]: batch }),
        quantized.run({ [graph.inputs[0]!.name]: batch }),
      ]);
      outputs.forEach((output, l) => {
        const a = expected[floatOutputs[l]!]!.data as Float32Array;
        const b = actual[output]!.data as Float32Array;
        for (let i = 0; i < a.length; i++) {
          signal[l]! += a[i]! * a[i]!;
          noise[l]! += (b[i]! - a[i]!) ** 2;
        }
      });
    }
  } finally {
    await reference.release();
    await quantized.release();
  }
  return new Map(layers.map(({ node }, l) => [node.name, decibel(signal[l]!, noise[l]!)]));
}

/** Clipped share, unused codes and outlying channels of a layer's input, batch by batch. */
class InputFacts {
  readonly #min: number;
  readonly #max: number;
  readonly #inverse: number;
  readonly #used: Uint8Array;
  #clipped = 0;
  #count = 0;
  #channelMax: Float64Array | undefined;

  constructor(graph: Graph, fq: FakeQuant) {
    const { scale, zeroPoint } = inputGrid(graph, fq);
    const { min, max } = codeRange(fq);
    this.#min = min - zeroPoint;
    this.#max = max - zeroPoint;
    this.#inverse = 1 / scale;
    this.#used = new Uint8Array(max - min + 1);
  }

  add({ shape, data }: Tensor): void {
    const [images, channels] = shape as readonly [number, number];
    const inner = data.length / (images * channels);
    this.#channelMax ??= new Float64Array(channels);
    for (let i = 0; i < data.length; i++) {
      const x = data[i] as number;
      const q = Math.round(x * this.#inverse);
      if (q < this.#min || q > this.#max) this.#clipped++;
      this.#used[Math.min(this.#max, Math.max(this.#min, q)) - this.#min] = 1;
      const c = Math.floor(i / inner) % channels;
      if (Math.abs(x) > this.#channelMax[c]!) this.#channelMax[c] = Math.abs(x);
    }
    this.#count += data.length;
  }

  facts(): Pick<LayerFacts, "clippedShare" | "unusedInputCodes" | "deadInputs" | "outlierChannel" | "outlierRatio"> {
    const maxima = this.#channelMax ?? new Float64Array(1);
    const largest = maxima.indexOf(Math.max(...maxima));
    return {
      clippedShare: this.#clipped / Math.max(1, this.#count),
      unusedInputCodes: this.#used.filter((used) => used === 0).length,
      deadInputs: maxima.filter((max) => max === 0).length,
      outlierChannel: largest,
      outlierRatio: ratioToMedian(maxima, maxima[largest]!),
    };
  }
}

function weightFacts(graph: Graph, layer: QuantizedLayer, original: Tensor, rounded: Tensor) {
  const scales = graph.tensors.get(layer.weights.scale)!.data as Float32Array;
  const { min, max } = codeRange(layer.weights);
  const size = original.data.length / scales.length;
  const used = new Set<number>();
  const maxima = new Float64Array(scales.length);
  let peak = 0;
  for (let c = 0; c < scales.length; c++) {
    let squares = 0;
    for (let i = c * size; i < (c + 1) * size; i++) {
      const w = original.data[i] as number;
      squares += w * w;
      maxima[c] = Math.max(maxima[c]!, Math.abs(w));
      used.add(Math.round((rounded.data[i] as number) / scales[c]!));
    }
    if (squares > 0) peak = Math.max(peak, maxima[c]! / Math.sqrt(squares / size));
  }
  return {
    unusedWeightCodes: max - min + 1 - used.size,
    deadChannels: maxima.filter((largest) => largest === 0).length,
    tinyScales: scales.filter((scale) => scale < TINY_SCALE).length,
    weightPeak: peak,
    weightSpread: ratioToMedian(maxima, Math.max(...maxima)),
  };
}

/** Far below any scale that trained weights need. */
const TINY_SCALE = 1e-7;

/** Noise that the bias's own grid adds to every output. */
function biasNoise(graph: Graph, { node, weights, input }: QuantizedLayer): number {
  const bias = node.inputs[2] ? (graph.tensors.get(node.inputs[2])?.data as Float32Array | undefined) : undefined;
  if (!bias) return 0;
  const scales = graph.tensors.get(weights.scale)!.data as Float32Array;
  const { scale } = inputGrid(graph, input);
  const snapped = biasValues(biasCodes(node, bias, scale, scales), scale, scales);
  return bias.reduce((sum, b, c) => sum + (b - snapped[c]!) ** 2, 0) / bias.length;
}

function roundedWeights(graph: Graph, fq: FakeQuant): Tensor {
  const { data, shape } = graph.tensors.get(fq.input)!;
  const scales = graph.tensors.get(fq.scale)!.data as Float32Array;
  const { min, max } = codeRange(fq);
  const size = data.length / scales.length;
  const values = Float32Array.from(data as Float32Array, (w, i) => {
    const scale = scales[Math.floor(i / size)]!;
    return scale * quantizeValue(w, scale, 0, min, max);
  });
  return float32(values, shape);
}

const inputGrid = (graph: Graph, fq: FakeQuant) => ({
  scale: (graph.tensors.get(fq.scale)!.data as Float32Array)[0]!,
  zeroPoint: (graph.tensors.get(fq.zeroPoint)!.data as Float32Array)[0]!,
});

function ratioToMedian(values: Float64Array, largest: number): number {
  const sorted = values.filter((value) => value > 0).sort();
  return sorted.length === 0 ? 1 : largest / sorted[Math.floor(sorted.length / 2)]!;
}

/** 10·log10, within ±200 dB so that results stay JSON numbers. */
const decibel = (signal: number, noise: number): number =>
  Math.max(-200, Math.min(200, 10 * Math.log10(Math.max(signal, 1e-30) / Math.max(noise, 1e-30))));

function firstBatches(batches: readonly Tensor[], count: number): readonly Tensor[] {
  const taken: Tensor[] = [];
  let images = 0;
  for (const batch of batches) {
    if (images >= count) break;
    taken.push(batch);
    images += batch.shape[0]!;
  }
  return taken;
}
