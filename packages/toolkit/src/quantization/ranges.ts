/**
 * @file Ranges: sets the scales of activations from calibration images, and those of weights from the weights and the layers'
 * inputs.
 *
 * One pass of the images through the float network collects everything: extremes and a histogram of each activation, and
 * sampled inputs of each layer. Memory does not grow with the number of images.
 */

import { float32, type Graph, ModelError, type Node, type Tensor } from "@subbyte/graph";
import { DataError } from "../errors.js";
import { type RuntimeOptions, runtimeOptions } from "../runtime/runtime-options.js";
import { createSession } from "../runtime/session.js";
import { type FakeQuant, fakeQuants, withoutFakeQuant, withTensors } from "./fake-quant.js";
import { type ActivationRule, activationGrid, needsHistogram } from "./ranges/activation-grids.js";
import { ActivationObserver } from "./ranges/histogram.js";
import { type PatchSampler, patchSamplers } from "./ranges/layer-inputs.js";
import { OutputErrorSearch } from "./ranges/output-error.js";
import { smallestWeightScale, weightScales } from "./scales.js";
import { isLayer } from "./topology.js";

/** The rule for activations; it implies a rule for weights (`weightRuleOf`). */
export type RangeMethod = ActivationRule;

/**
 * - `max`: the largest weight becomes the highest code;
 * - `l24`: least L2.4 error of the weights, the best start for learned rounding (Li et al. 2021, BRECQ, arXiv:2102.05426);
 * - `output`: least squared error of the layer's output, the best for rounding to nearest.
 */
export type WeightRule = "max" | "l24" | "output";

/** Calibration images in the form of the network's input, in batches `[N, C, H, W]`; each pass iterates over them once. */
export interface CalibrationInput {
  /** Number of images, if known. */
  readonly images?: number;
  /** The batches from the first to the last; every call starts again. */
  batches(): AsyncIterable<Tensor>;
}

export interface RangeOptions extends RuntimeOptions {
  readonly method: RangeMethod;
  /** The rule for weights; by default the one that belongs to the method. */
  readonly weights?: WeightRule;
  /** Percentage of the values that a range covers, for the method `percentile`. */
  readonly percentile?: number;
  /** Seed of the positions at which layer inputs are sampled; 0 by default. */
  readonly seed?: number;
  /** Called after each batch with the number of images so far. */
  readonly onProgress?: (images: number) => void;
  /** Called with a warning about activations that do not vary. */
  readonly onNote?: (text: string) => void;
  readonly signal?: AbortSignal;
}

const weightRules: Readonly<Record<RangeMethod, WeightRule>> = {
  minmax: "max",
  movingaverage: "max",
  percentile: "output",
  kl: "output",
  mse: "output",
  l24: "l24",
};

/** The rule for weights that goes with a method. */
const weightRuleOf = (method: RangeMethod): WeightRule => weightRules[method];

/**
 * Sets scale and zero point of every FakeQuant node.
 *
 * @param graph a simplified graph with FakeQuant nodes (`insertFakeQuant`)
 * @throws {DataError} if there are no calibration images
 * @throws {ModelError} if an activation is NaN or infinite
 */
export async function setRanges(graph: Graph, calibration: CalibrationInput, options: RangeOptions): Promise<Graph> {
  const { method, percentile, weights = weightRuleOf(method) } = options;
  const layers = quantizedLayers(graph);
  const samplers =
    weights === "output"
      ? patchSamplers(graph, layers, calibration.images, options.seed)
      : new Map<string, PatchSampler>();
  const observers = await observe(graph, calibration, samplers, options);

  const source = floatSources(graph);
  const tensors = new Map<string, Tensor>();
  for (const fq of fakeQuants(graph)) {
    if (fq.ofWeights) continue;
    const { scale, zeroPoint } = activationGrid(method, observers.get(source.get(fq.input)!)!, fq.bits, percentile);
    tensors.set(fq.scale, float32([scale], []));
    tensors.set(fq.zeroPoint, float32([zeroPoint], []));
  }
  const ranged = withTensors(graph, tensors);
  if (weights !== "output") return setWeightScales(ranged, weights);

  const search = new OutputErrorSearch(runtimeOptions(options));
  try {
    const scales = new Map<string, Float32Array>();
    for (const { layer, fq } of layers) {
      options.signal?.throwIfAborted();
      const tensor = graph.tensors.get(fq.input)!;
      const inputs = samplers.get(layer.name)!;
      scales.set(layer.name, await search.scales(tensor.data as Float32Array, tensor.shape[0]!, fq, inputs));
    }
    return withWeightScales(ranged, scales);
  } finally {
    await search.release();
  }
}

interface QuantizedLayer {
  readonly layer: Node;
  readonly fq: FakeQuant;
  /** The constant that the FakeQuant quantizes. */
  readonly weights: string;
}

/** Layers whose weights have a FakeQuant, in order. */
function quantizedLayers(graph: Graph): readonly QuantizedLayer[] {
  const byOutput = new Map(fakeQuants(graph).map((fq) => [fq.output, fq]));
  return graph.nodes.filter(isLayer).flatMap((layer) => {
    const fq = byOutput.get(layer.inputs[1]!);
    return fq ? [{ layer, fq, weights: fq.input }] : [];
  });
}

/** Sets the scale of every weight FakeQuant from the weights only; activations must have theirs. */
export function setWeightScales(graph: Graph, rule: "max" | "l24"): Graph {
  const scales = new Map<string, Float32Array>();
  for (const { layer, fq } of quantizedLayers(graph)) {
    const { data, shape } = graph.tensors.get(fq.input)!;
    scales.set(layer.name, weightScales(data as Float32Array, shape[0]!, fq, rule));
  }
  return withWeightScales(graph, scales);
}

/** Sets given weight scales, by layer name, but none smaller than the bias's code allows (docs/arithmetic.md, rule 3). */
function withWeightScales(graph: Graph, scalesOf: ReadonlyMap<string, Float32Array>): Graph {
  const inputScales = storedScales(graph);
  const tensors = new Map<string, Tensor>();
  for (const { layer, fq } of quantizedLayers(graph)) {
    const data = graph.tensors.get(fq.input)!.data as Float32Array;
    const scales = scalesOf.get(layer.name)!;
    const bias = layer.inputs[2] ? (graph.tensors.get(layer.inputs[2])?.data as Float32Array | undefined) : undefined;
    const inputScale = inputScales.get(layer.inputs[0]!);
    if (bias && inputScale !== undefined) {
      const size = data.length / scales.length;
      for (let c = 0; c < scales.length; c++) {
        const zero = data.subarray(c * size, (c + 1) * size).every((w) => w === 0);
        const least = smallestWeightScale(bias[c]!, inputScale, zero);
        if (zero ? least > 0 : scales[c]! < least) scales[c] = ceilToFloat32(least);
      }
    }
    tensors.set(fq.scale, float32(scales));
  }
  return withTensors(graph, tensors);
}

/** The scale of each activation value's codes, found through the operators that only move codes. */
export function storedScales(graph: Graph): ReadonlyMap<string, number> {
  const value = (name: string) => (graph.tensors.get(name)!.data as Float32Array)[0]!;
  return new Map([...storedScaleNames(graph)].map(([stored, name]) => [stored, value(name)]));
}

/** For each activation value, the name of the constant with the scale of its codes. */
export function storedScaleNames(graph: Graph): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const fq of fakeQuants(graph)) if (!fq.ofWeights) names.set(fq.output, fq.scale);
  for (const node of graph.nodes) {
    const name = names.get(node.inputs[0] ?? "");
    const output = node.outputs[0]!;
    if (name !== undefined && !names.has(output) && !isLayer(node)) names.set(output, name);
  }
  return names;
}

/** The value of the float graph that corresponds to each value of the quantized graph. */
function floatSources(graph: Graph): ReadonlyMap<string, string> {
  const source = new Map<string, string>();
  const resolve = (value: string) => source.get(value) ?? value;
  for (const fq of fakeQuants(graph)) {
    source.set(fq.output, resolve(fq.input));
    source.set(fq.input, resolve(fq.input));
  }
  return source;
}

/** Feeds all calibration batches to the float network; returns an observer for each value that a FakeQuant reads. */
async function observe(
  graph: Graph,
  calibration: CalibrationInput,
  samplers: ReadonlyMap<string, PatchSampler>,
  options: RangeOptions,
): Promise<ReadonlyMap<string, ActivationObserver>> {
  const float = withoutFakeQuant(graph);
  const source = floatSources(graph);
  const values = new Set(fakeQuants(graph).flatMap((fq) => (fq.ofWeights ? [] : [source.get(fq.input)!])));
  const observers = new Map(
    [...values].map((value) => [value, new ActivationObserver(needsHistogram(options.method))]),
  );
  const sampled = float.nodes.filter((node) => samplers.has(node.name));
  const input = graph.inputs[0]!.name;
  const outputs = new Set([...values, ...sampled.map((layer) => layer.inputs[0]!)]);
  outputs.delete(input);

  const session = await createSession({ ...float, outputs: [...outputs] }, runtimeOptions(options));
  let images = 0;
  try {
    for await (const batch of calibration.batches()) {
      options.signal?.throwIfAborted();
      const results: Record<string, Tensor> = { ...(await session.run({ [input]: batch })), [input]: batch };
      for (const [value, observer] of observers) observer.add(results[value]!.data as Float32Array);
      for (const layer of sampled) samplers.get(layer.name)!.add(results[layer.inputs[0]!]!);
      images += batch.shape[0]!;
      options.onProgress?.(images);
    }
  } finally {
    await session.release();
  }
  if (images === 0)
    throw new DataError(
      "no-images",
      { source: "calibration" },
      "calibration: there are no images to measure activation ranges on. Give at least one.",
    );
  for (const [value, observer] of observers)
    if (observer.broken)
      throw new ModelError(
        "not-finite",
        { graph: graph.name, tensors: [value] },
        `calibration: "${value}" is NaN or infinite on the calibration images, so it has no range. ` +
          "Check the network's weights and the normalization (`mean`, `std`).",
      );
  const constant = [...observers].filter(([, observer]) => observer.constant).map(([value]) => `"${value}"`);
  if (constant.length > 0)
    options.onNote?.(
      `On all calibration images, all values are equal in ${constant.join(", ")}: ` +
        "a dead part of the network, or images unlike those it was trained on.",
    );
  return observers;
}

function ceilToFloat32(x: number): number {
  const rounded = Math.fround(x);
  return rounded >= x ? rounded : Math.fround(x * (1 + 2 ** -23));
}
