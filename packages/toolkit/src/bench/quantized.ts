/** @file The network at a bit width: the file that the engine loads, and the same network for LiteRT. */

import { type Program, writeSbq } from "@subbyte/engine";
import { float32, type Graph, type Tensor } from "@subbyte/graph";
import { programToTflite } from "../export/tflite/program-to-tflite.js";
import { measureRanges } from "../export/tflite/ranges.js";
import { lower } from "../lowering/lower.js";
import { snapBiases } from "../quantization/biases.js";
import { fakeQuants, withTensors } from "../quantization/fake-quant.js";
import { insertFakeQuant } from "../quantization/insert.js";
import { setRanges } from "../quantization/ranges.js";
import { type BenchNetwork, floatBatch, normalization } from "./network.js";

/** The network with weights and activations of `bits` bits under the default policy. */
async function quantizedProgram(network: BenchNetwork, bits: number): Promise<Program> {
  const graph = await calibrated(insertFakeQuant(network.graph, { weights: bits, activations: bits }), network);
  const { mean, std } = normalization;
  return lower(graph, {
    preprocessing: { channels: 3, height: network.size, width: network.size, resize: "exact", mean, std },
  });
}

/** The quantized network as the bytes of a `.sbq` file. */
export const quantizedFile = async (network: BenchNetwork, bits: number): Promise<Uint8Array> =>
  writeSbq(await quantizedProgram(network, bits));

/**
 * Our 8-bit network with the same weights and scales, in the form that LiteRT runs fastest: all on integers. The ranges of
 * values for which the program has no scale are measured on the same images.
 */
export async function int8Tflite(network: BenchNetwork): Promise<Uint8Array> {
  const program = await quantizedProgram(network, 8);
  return programToTflite(program, { ranges: await measureRanges(program, batchesOf(network)) });
}

/** Yields the network's own images, one at a time. */
async function* batchesOf({ images, size }: BenchNetwork): AsyncGenerator<Tensor> {
  for (const image of images) yield floatBatch([image], size);
}

/** Sets all scales: activations by the extremes on the network's own images, weights by their spread. */
export async function calibrated(graph: Graph, network: BenchNetwork): Promise<Graph> {
  const withRanges = await setRanges(graph, { batches: () => batchesOf(network) }, { method: "minmax" });
  const weights = fakeQuants(withRanges).filter(({ ofWeights }) => ofWeights);
  const scales = weights.map(({ input, scale, bits }): [string, Tensor] => [
    scale,
    normalScales(graph.tensors.get(input)!, bits),
  ]);
  return snapBiases(withTensors(withRanges, new Map(scales)));
}

/**
 * Step, in standard deviations, of the uniform quantizer of 2^b levels with the least squared error on normally distributed
 * numbers: J. Max, "Quantizing for minimum distortion", IRE Transactions on Information Theory 6, 1960, table II, and its
 * continuation.
 */
const NORMAL_STEP: Readonly<Record<number, number>> = {
  2: 0.9957,
  3: 0.586,
  4: 0.3352,
  5: 0.1881,
  6: 0.1041,
  7: 0.0569,
  8: 0.0308,
};

/** Scales for normally distributed weights. The search of the `mse` method would find about the same, but takes minutes. */
function normalScales({ data, shape }: Tensor, bits: number): Tensor {
  const channels = shape[0]!;
  const size = data.length / channels;
  const deviations = Float32Array.from({ length: channels }, (_, c) => {
    const row = (data as Float32Array).subarray(c * size, (c + 1) * size);
    return NORMAL_STEP[bits]! * Math.sqrt(row.reduce((sum, w) => sum + w * w, 0) / size);
  });
  return float32(deviations);
}
