/**
 * @file Measures the time of each layer on the integer engine at every pair of bit widths, on this machine. A time budget
 * limits the sum of these times. They depend on the pair, because both bit widths decide which kernel runs.
 */

import { load, writeSbq } from "@subbyte/engine";
import { float32, type Graph } from "@subbyte/graph";
import { lower } from "../../lowering/lower.js";
import { snapBiases } from "../biases.js";
import { insertFakeQuant } from "../insert.js";
import { type BitPolicy, uniformPolicy } from "../policy.js";
import { type CalibrationInput, setRanges } from "../ranges.js";

/** Bit widths of a layer. */
export interface LayerBits {
  readonly weights: number;
  readonly activations: number;
}

export interface LayerTimes {
  /** Milliseconds per image at each pair of bit widths, by layer name. */
  readonly layers: ReadonlyMap<string, readonly (LayerBits & { readonly milliseconds: number })[]>;
  /** Milliseconds per image of everything else; the mean over the pairs. */
  readonly rest: number;
}

export interface LayerTimesOptions {
  readonly policy: BitPolicy;
  /** Layers whose bit widths are to be chosen. */
  readonly layers: readonly string[];
  readonly bitWidths: readonly number[];
  /** Runs per network; the shortest time of a layer counts. */
  readonly runs: number;
  readonly onPair?: () => void;
  readonly signal?: AbortSignal;
}

/** @param float a simplified float network */
export async function measureLayerTimes(
  float: Graph,
  calibration: CalibrationInput,
  options: LayerTimesOptions,
): Promise<LayerTimes> {
  const { policy, bitWidths, runs, signal, onPair } = options;
  const few = await firstImages(calibration);
  const layers = new Map(options.layers.map((name) => [name, [] as (LayerBits & { readonly milliseconds: number })[]]));
  let rest = 0;
  for (const weights of bitWidths)
    for (const activations of bitWidths) {
      signal?.throwIfAborted();
      const bytes = await fileOf(insertFakeQuant(float, uniformPolicy(policy, weights, activations)), few, signal);
      for (const { name, milliseconds } of await profileOf(bytes, runs)) {
        const times = layers.get(name);
        if (times) times.push({ weights, activations, milliseconds });
        else rest += milliseconds / bitWidths.length ** 2;
      }
      onPair?.();
    }
  return { layers, rest };
}

/** Number of images. Kernels are chosen by bit widths and codes, on which more images have no effect. */
const IMAGES = 4;

async function firstImages(calibration: CalibrationInput): Promise<CalibrationInput> {
  for await (const { shape, data } of calibration.batches()) {
    const [count, ...rest] = shape as [number, ...number[]];
    const taken = Math.min(count, IMAGES);
    const values = (data as Float32Array).slice(0, (data.length / count) * taken);
    const batch = float32(values, [taken, ...rest]);
    return {
      images: taken,
      async *batches() {
        yield batch;
      },
    };
  }
  return calibration;
}

/** A `.sbq` file of the network, with ranges that suffice for the choice of kernels. */
async function fileOf(graph: Graph, calibration: CalibrationInput, signal?: AbortSignal): Promise<Uint8Array> {
  const ranged = await setRanges(graph, calibration, { method: "minmax", ...(signal ? { signal } : {}) });
  const [channels, height, width] = graph.inputs[0]!.shape!.slice(1) as [1 | 3, number, number];
  const plain = { mean: new Array(channels).fill(0), std: new Array(channels).fill(1) };
  return writeSbq(lower(snapBiases(ranged), { preprocessing: { channels, height, width, resize: "exact", ...plain } }));
}

async function profileOf(bytes: Uint8Array, runs: number) {
  const model = await load(bytes, { worker: false });
  try {
    return await model.profile(runs);
  } finally {
    model.dispose();
  }
}
