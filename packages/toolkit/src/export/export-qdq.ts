/** @file Writes quantized ONNX and runs it in ONNX Runtime, whose fused kernels may give other logits. */

import type { Program } from "@subbyte/engine";
import { type Graph, type Tensor, writeOnnx } from "@subbyte/graph";
import { defined } from "../defined.js";
import { describeImages } from "../model-file/index.js";
import { snapBiases } from "../quantization/biases.js";
import { fakeQuants, withTensors } from "../quantization/fake-quant.js";
import { setWeightScales } from "../quantization/ranges.js";
import { Random } from "../random.js";
import { createSession } from "../runtime/session.js";
import { lift } from "../simulation/lift.js";
import { QDQ_OPSET, toQdq } from "./qdq.js";

/** A quantized ONNX file, and a comparison of two ways to run it in ONNX Runtime. */
export interface QdqExport {
  /** The ONNX file. */
  readonly bytes: Uint8Array;
  readonly check: {
    /** Whether the default session gives the same logits as a session that keeps Q/DQ pairs unchanged. */
    readonly defaultSessionAgrees: boolean;
    /** Largest difference between their logits. */
    readonly largestDifference: number;
  };
}

/** Number of random images on which the written file is run. */
const CHECK_IMAGES = 16;
/** Difference of logits that is ignored, in units of their spread: fused kernels may round a tie differently. */
const TOLERANCE = 0.05;

/**
 * @param options.reduceRange rounds 8-bit weights to 7 bits, with newly chosen scales
 * @throws {ModelError} if ONNX Runtime refuses the result
 */
export async function exportQdq(program: Program, options: { readonly reduceRange: boolean }): Promise<QdqExport> {
  const lifted = lift(program);
  const graph = options.reduceRange ? reduceWeightRange(lifted) : lifted;
  const { preprocessing, labels } = program;
  const metadata = describeImages({ ...preprocessing, ...defined({ labels }) });
  const bytes = writeOnnx(toQdq(graph), { opset: QDQ_OPSET, metadata });
  return { bytes, check: await compareSessions(bytes, graph) };
}

/** Reduces 8-bit weights to 7 bits, with which two uint8×int8 products fit the 16-bit sums of AVX2. */
function reduceWeightRange(graph: Graph): Graph {
  const wide = new Set(
    fakeQuants(graph)
      .filter((fq) => fq.ofWeights && fq.bits === 8)
      .map((fq) => fq.node),
  );
  const nodes = graph.nodes.map((node) =>
    wide.has(node) ? { ...node, attributes: { ...node.attributes, bits: 7 } } : node,
  );
  const narrowed = { ...graph, nodes };
  // Layers of other bit widths keep the scales that their codes were made with.
  const kept = fakeQuants(graph)
    .filter((fq) => fq.ofWeights && !wide.has(fq.node))
    .map((fq): [string, Tensor] => [fq.scale, graph.tensors.get(fq.scale)!]);
  return snapBiases(withTensors(setWeightScales(narrowed, "l24"), new Map(kept)));
}

async function compareSessions(bytes: Uint8Array, graph: Graph): Promise<QdqExport["check"]> {
  const images = randomImages(graph);
  const [input] = graph.inputs;
  const [output] = graph.outputs;
  const logits = async (disableQuantQdq: boolean): Promise<Float32Array> => {
    const session = await createSession(bytes, { disableQuantQdq });
    try {
      return (await session.run({ [input!.name]: images }))[output!]!.data as Float32Array;
    } finally {
      await session.release();
    }
  };
  const exact = await logits(true);
  const fused = await logits(false);
  const largestDifference = exact.reduce((largest, value, i) => Math.max(largest, Math.abs(value - fused[i]!)), 0);
  const spread = exact.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  return { defaultSessionAgrees: largestDifference <= TOLERANCE * spread, largestDifference };
}

/** Images that cover the input's range evenly. */
function randomImages(graph: Graph): Tensor {
  const random = new Random(0);
  const fq = fakeQuants(graph).find(({ input }) => input === graph.inputs[0]!.name)!;
  const [scale, zeroPoint] = [fq.scale, fq.zeroPoint].map((name) => Number(graph.tensors.get(name)!.data[0])) as [
    number,
    number,
  ];
  const shape = [CHECK_IMAGES, ...(graph.inputs[0]!.shape!.slice(1) as number[])];
  const data = Float32Array.from(
    { length: shape.reduce((a, b) => a * b, 1) },
    () => scale * (random.integer(2 ** fq.bits) - zeroPoint),
  );
  return { dtype: "float32", shape, data };
}
