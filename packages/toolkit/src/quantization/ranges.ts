/**
 * @file Ranges: the scales of activations from calibration images, those of weights from the weights themselves.
 *
 * Activations are observed in the float network, in two passes (extremes, then histograms), so that memory is one histogram a
 * tensor however many images there are.
 */

import { float32, type Graph, ModelError, type Tensor } from "@subbyte/graph";
import { DataError } from "../errors.js";
import { createSession, type Session } from "../runtime/session.js";
import { type FakeQuant, fakeQuants, withoutFakeQuant, withTensors } from "./fake-quant.js";
import { HistogramObserver, RangeObserver } from "./histogram.js";
import {
  type AffineParameters,
  affineFromHistogram,
  affineFromRange,
  smallestWeightScale,
  weightScales,
} from "./scales.js";
import { isLayer } from "./topology.js";

export type RangeMethod = "minmax" | "mse";

/** Calibration images as the network takes them, in batches `[N, C, H, W]`; iterated once for each pass. */
export interface CalibrationInput {
  batches(): AsyncIterable<Tensor>;
}

export interface RangeOptions {
  readonly method: RangeMethod;
  readonly threads?: number;
  /** Called after each batch with the images fed so far, all passes together. */
  readonly onProgress?: (images: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Sets scale and zero point of every FakeQuant node.
 *
 * @param graph a simplified graph with FakeQuant nodes (`insertFakeQuant`)
 * @throws {DataError} when there are no calibration images, or an activation is NaN or infinite
 */
export async function setRanges(graph: Graph, calibration: CalibrationInput, options: RangeOptions): Promise<Graph> {
  const activations = fakeQuants(graph).filter((fq) => !fq.ofWeights);
  const parameters = await activationParameters(graph, activations, calibration, options);
  const tensors = new Map<string, Tensor>();
  for (const fq of activations) {
    const { scale, zeroPoint } = parameters.get(fq)!;
    tensors.set(fq.scale, float32([scale], []));
    tensors.set(fq.zeroPoint, float32([zeroPoint], []));
  }
  return setWeightScales(withTensors(graph, tensors), options.method);
}

/** Sets the scale of every weight FakeQuant; activations must have theirs, because biases bound weight scales from below. */
export function setWeightScales(graph: Graph, method: RangeMethod): Graph {
  const byOutput = new Map(fakeQuants(graph).map((fq) => [fq.output, fq]));
  const inputScales = storedScales(graph);
  const tensors = new Map<string, Tensor>();
  for (const layer of graph.nodes.filter(isLayer)) {
    const fq = byOutput.get(layer.inputs[1]!);
    if (!fq) continue;
    const weights = graph.tensors.get(fq.input)!;
    const data = weights.data as Float32Array;
    const channels = weights.shape[0]!;
    const scales = weightScales(data, channels, fq, method);
    const bias = layer.inputs[2] ? (graph.tensors.get(layer.inputs[2])?.data as Float32Array | undefined) : undefined;
    const inputScale = inputScales.get(layer.inputs[0]!);
    if (bias && inputScale !== undefined) {
      const size = data.length / channels;
      for (let c = 0; c < channels; c++) {
        const zero = data.subarray(c * size, (c + 1) * size).every((w) => w === 0);
        const least = smallestWeightScale(bias[c]!, inputScale, zero);
        if (zero ? least > 0 : scales[c]! < least) scales[c] = ceilToFloat32(least);
      }
    }
    tensors.set(fq.scale, float32(scales));
  }
  return withTensors(graph, tensors);
}

/** Scale of the codes behind each activation value, looked up through the operators that only move codes. */
export function storedScales(graph: Graph): ReadonlyMap<string, number> {
  const value = (name: string) => (graph.tensors.get(name)!.data as Float32Array)[0]!;
  return new Map([...storedScaleNames(graph)].map(([stored, name]) => [stored, value(name)]));
}

/** The same by the name of the constant. */
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

function ceilToFloat32(x: number): number {
  const rounded = Math.fround(x);
  return rounded >= x ? rounded : Math.fround(x * (1 + 2 ** -23));
}

async function activationParameters(
  graph: Graph,
  activations: readonly FakeQuant[],
  calibration: CalibrationInput,
  options: RangeOptions,
): Promise<ReadonlyMap<FakeQuant, AffineParameters>> {
  // Two FakeQuant nodes in a row look at the same float values.
  const float = withoutFakeQuant(graph);
  const source = floatSources(graph);
  const values = [...new Set(activations.map((fq) => source.get(fq.input)!))];
  const inputName = graph.inputs[0]!.name;
  const computed = values.filter((value) => value !== inputName);
  const session = await createSession({ ...float, outputs: computed }, threadOption(options));
  try {
    const ranges = new Map(values.map((value) => [value, new RangeObserver()]));
    const images = await observe(session, inputName, calibration, ranges, options, 0);
    if (images === 0)
      throw new DataError("calibration: there are no images to measure activation ranges on. Give at least one.");
    for (const [value, range] of ranges) {
      if (range.broken)
        throw new ModelError(
          `calibration: "${value}" is NaN or infinite on the calibration images, so it has no range. ` +
            "Check the network's weights and the normalization (--mean, --std).",
        );
    }
    if (options.method === "minmax")
      return new Map(
        activations.map((fq) => {
          const { min, max } = ranges.get(source.get(fq.input)!)!;
          return [fq, affineFromRange(min, max, fq.bits)];
        }),
      );
    const histograms = new Map(
      [...ranges].map(([value, { min, max }]) => [value, new HistogramObserver(Math.min(min, 0), Math.max(max, 0))]),
    );
    await observe(session, inputName, calibration, histograms, options, images);
    return new Map(activations.map((fq) => [fq, affineFromHistogram(histograms.get(source.get(fq.input)!)!, fq.bits)]));
  } finally {
    await session.release();
  }
}

/** For each value of the quantized graph, the value of the float graph that it stands for. */
function floatSources(graph: Graph): ReadonlyMap<string, string> {
  const source = new Map<string, string>();
  const resolve = (value: string) => source.get(value) ?? value;
  for (const fq of fakeQuants(graph)) {
    source.set(fq.output, resolve(fq.input));
    source.set(fq.input, resolve(fq.input));
  }
  return source;
}

/** Feeds every calibration batch and hands each observed value to its observer; returns the number of images. */
async function observe(
  session: Session,
  inputName: string,
  calibration: CalibrationInput,
  observers: ReadonlyMap<string, { add(values: Float32Array): void }>,
  options: RangeOptions,
  before: number,
): Promise<number> {
  let images = 0;
  for await (const batch of calibration.batches()) {
    options.signal?.throwIfAborted();
    const results = await session.run({ [inputName]: batch });
    for (const [value, observer] of observers)
      observer.add((value === inputName ? batch : results[value]!).data as Float32Array);
    images += batch.shape[0]!;
    options.onProgress?.(before + images);
  }
  return images;
}

const threadOption = (options: RangeOptions) => (options.threads === undefined ? {} : { threads: options.threads });
