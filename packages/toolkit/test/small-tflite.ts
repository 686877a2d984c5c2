/** @file Small networks for `.tflite` tests: graphs, images of 16 × 16, and their programs at 8-bit activations. */

import type { Program } from "@subbyte/engine";
import { type Graph, GraphBuilder, simplifyForImport, type Tensor } from "@subbyte/graph";
import { lower } from "../src/lowering/lower.js";
import { snapBiases } from "../src/quantization/biases.js";
import { insertFakeQuant } from "../src/quantization/insert.js";
import type { BitPolicy } from "../src/quantization/policy.js";
import { setRanges } from "../src/quantization/ranges.js";
import { Random } from "../src/random.js";
import { channelShuffle, kitchenSink, preActivation, preprocessing, randomTensor } from "../src/testing/networks.js";

const pixels = 256;

/** Functions that only tables hold, padding that never wins a maximum, a clamp without an activation of its own: → `[N, 5]`. */
function functions(seed: number): Graph {
  const random = new Random(seed);
  const b = new GraphBuilder("functions");
  const conv = (name: string, x: string, shape: readonly number[]) =>
    b.op("Conv", [x, b.constant(randomTensor(random, shape, 0.4), `${name}.weight`)], { pads: [1, 1, 1, 1] }, { name });
  let x = b.op("Tanh", [conv("a", b.input("input", "float32", ["N", 3, 16, 16]), [6, 3, 3, 3])]);
  x = b.op("MaxPool", [x], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] });
  x = b.op("LeakyRelu", [conv("b", x, [6, 6, 3, 3])], { alpha: 0.2 });
  x = b.op("Sigmoid", [conv("c", x, [6, 6, 3, 3])]);
  x = b.op("HardSigmoid", [conv("d", x, [6, 6, 3, 3])], { alpha: 0.1 });
  x = b.op("Clip", [conv("e", x, [4, 6, 3, 3]), b.scalar(-0.3), b.scalar(0.4)]);
  const weight = b.constant(randomTensor(random, [5, 4 * 64], 0.3), "fc.weight");
  b.output(b.op("Gemm", [b.op("Flatten", [x], { axis: 1 }), weight], { transB: 1 }, { name: "fc" }));
  return b.build();
}

/** Every operator that the engine has, between them. */
export const networks: Readonly<Record<string, Graph>> = Object.fromEntries(
  [kitchenSink(3), preActivation(4), channelShuffle(5), functions(6)].map((graph) => [
    graph.name,
    simplifyForImport(graph),
  ]),
);

/** The program with bounds on one convolution's codes that no activation has. */
export const withClamp = (program: Program, name: string): Program => ({
  ...program,
  operators: program.operators.map((operator) =>
    operator.op === "conv" && operator.name === name ? { ...operator, lo: 60, hi: 190 } : operator,
  ),
});

/** `[count, 16, 16, 3]`, random bytes. */
export function randomBytes(seed: number, count: number): Uint8Array {
  const random = new Random(seed);
  return Uint8Array.from({ length: count * 3 * pixels }, () => random.integer(256));
}

/** The same images normalized, channels last. */
export const normalizedInterleaved = (bytes: Uint8Array): Float32Array =>
  Float32Array.from(bytes, (byte, i) => (byte / 255 - preprocessing.mean[i % 3]!) / preprocessing.std[i % 3]!);

/** The same images normalized, channels first. */
export function normalizedPlanar(bytes: Uint8Array): Tensor {
  const interleaved = normalizedInterleaved(bytes);
  const count = bytes.length / (3 * pixels);
  const data = Float32Array.from(bytes, (_, i) => {
    const [image, channel, pixel] = [Math.floor(i / (3 * pixels)), Math.floor(i / pixels) % 3, i % pixels];
    return interleaved[(image * pixels + pixel) * 3 + channel]!;
  });
  return { dtype: "float32", shape: [count, 3, 16, 16], data };
}

export async function quantizedProgram(graph: Graph, policy: BitPolicy): Promise<Program> {
  async function* batches() {
    yield normalizedPlanar(randomBytes(1, 12));
  }
  const inserted = insertFakeQuant(graph, policy);
  return lower(snapBiases(await setRanges(inserted, { batches }, { method: "minmax", threads: 1 })), {
    preprocessing,
  });
}
