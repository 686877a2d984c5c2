/** @file Quantized ONNX files: those of `quantize_static`, our own, and weights alone as integers. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createReference, type Program } from "@subbyte/engine";
import { float32, type Graph, GraphBuilder, simplifyForImport, type Tensor, writeOnnx } from "@subbyte/graph";
import { afterAll, describe, expect, test } from "vitest";
import { QDQ_OPSET, toQdq } from "../export/qdq.js";
import { lower } from "../lowering/lower.js";
import { snapBiases } from "../quantization/biases.js";
import { insertFakeQuant } from "../quantization/insert.js";
import { setRanges } from "../quantization/ranges.js";
import { Random } from "../random.js";
import { createSession } from "../runtime/session.js";
import { simulateCodes } from "../simulation/codes.js";
import { lift } from "../simulation/lift.js";
import { manyActivations } from "../testing/activations.js";
import { kitchenSink, randomTensor, squeezeExcitation } from "../testing/networks.js";
import { quantizeStatic } from "../testing/quantize-static.js";
import { type CalibratedModel, type FloatModel, openModel } from "./open-model.js";

const folder = mkdtempSync(join(tmpdir(), "subbyte-quantized-"));
afterAll(() => rmSync(folder, { recursive: true }));

const count = 4;
const preprocessing = { channels: 3, height: 16, width: 16, resize: "exact", mean: [0, 0, 0], std: [1, 1, 1] } as const;

function pixels(seed: number): Uint8Array {
  const random = new Random(seed);
  return Uint8Array.from({ length: count * 768 }, () => random.integer(256));
}

const images = (bytes: Uint8Array): Tensor =>
  float32(
    Float32Array.from(bytes, (p) => p / 255),
    [count, 3, 16, 16],
  );

const interleaved = (planar: Uint8Array): Uint8Array =>
  Uint8Array.from(planar, (_, at) => {
    const [n, rest] = [Math.floor(at / 768), at % 768];
    return planar[n * 768 + (rest % 3) * 256 + Math.floor(rest / 3)]!;
  });

async function open(graph: Graph): Promise<CalibratedModel | FloatModel> {
  const path = join(folder, "model.onnx");
  writeFileSync(path, writeOnnx(graph, { opset: QDQ_OPSET }));
  const model = await openModel(path);
  if (model.kind === "quantized") throw new Error("an ONNX file is no .sbq");
  return model;
}

async function run(model: Graph | Uint8Array, feeds: Record<string, Tensor>): Promise<Float32Array> {
  const session = await createSession(model, { optimization: "disabled", threads: 1 });
  const results = await session.run(feeds);
  await session.release();
  return results[session.outputs[0]!]!.data as Float32Array;
}

/** The engine's logits, which must be those of the simulation on codes. */
async function engineLogits(program: Program, bytes: Uint8Array): Promise<Float32Array> {
  const { graph, unproved } = simulateCodes(program);
  expect(unproved).toEqual([]);
  const codes: Tensor = { dtype: "int64", shape: [count, 3, 16, 16], data: BigInt64Array.from(bytes, BigInt) };
  const engine = createReference(program).run(interleaved(bytes), count);
  expect(engine).toEqual(await run(graph, { pixels: codes }));
  return engine;
}

/** ReLU6 and LeakyReLU, MatMul with bias, a product by numbers, a Softmax at the end: `[N, 3, 16, 16]` → `[N, 5]`. */
function matMulHead(): Graph {
  const random = new Random(2);
  const b = new GraphBuilder("matmul-head");
  const weight = b.constant(randomTensor(random, [8, 3, 3, 3], 0.3), "stem.weight");
  const stem = b.op("Conv", [b.input("input", "float32", ["N", 3, 16, 16]), weight], {}, { name: "stem" });
  const clipped = b.op("Clip", [stem, b.scalar(0, "zero"), b.scalar(6, "six")], {}, { name: "relu6" });
  const scaled = b.op(
    "Mul",
    [clipped, b.constant(randomTensor(random, [8, 1, 1], 1), "factors")],
    {},
    { name: "scale" },
  );
  const leaky = b.op("LeakyRelu", [scaled], { alpha: 0.1 }, { name: "leaky" });
  const pooled = b.op("GlobalAveragePool", [b.op("MaxPool", [leaky], { kernel_shape: [2, 2] })]);
  const flat = b.op("Flatten", [pooled]);
  const product = b.op(
    "MatMul",
    [flat, b.constant(randomTensor(random, [8, 5], 0.5), "fc.weight")],
    {},
    { name: "fc" },
  );
  const logits = b.op("Add", [product, b.constant(randomTensor(random, [5], 0.5), "fc.bias")], {}, { name: "bias" });
  b.output(b.op("Softmax", [logits], {}, { name: "probabilities" }));
  return b.build();
}

/** Its Max has two quantized inputs, which is no function of one code and no operator of the engine. */
const byMax = "LeakyReLU by Max (Keras)";

const networks = [
  kitchenSink(5),
  simplifyForImport(squeezeExcitation(5)),
  simplifyForImport(manyActivations(5, [byMax])),
  matMulHead(),
];

describe("files of quantize_static", () => {
  const forms = networks.flatMap((network) => [
    { network, activationType: "uint8", perChannel: true } as const,
    { network, activationType: "int8", perChannel: false } as const,
    { network, activationType: "uint8", perChannel: true, pairsOnWeights: true } as const,
  ]);
  test.each(forms)(
    "$network.name, $activationType, one scale per channel: $perChannel, pairs on weights: $pairsOnWeights",
    async ({ network, ...form }) => {
      const written = await quantizeStatic(network, images(pixels(1)), form);
      const model = await open(written);
      expect(model.kind).toBe("calibrated");
      const program = lower(model.graph, { preprocessing, probabilities: model.probabilities });
      const bytes = pixels(2);
      const engine = await engineLogits(program, bytes);
      const isProbability = network.outputs[0]!.startsWith("prob");
      const last = isProbability ? { ...written, outputs: [written.nodes.at(-3)!.inputs[0]!] } : written;
      const file = await run(last, { input: images(bytes) });
      const spread = Math.max(...file.map(Math.abs));
      // A value half way between two codes may go the other way in float, and what comes after it with it.
      const distances = engine.map((value, i) => Math.abs(value - file[i]!) / spread).toSorted();
      expect(distances[Math.floor(distances.length / 2)]).toBeLessThan(0.02);
      expect(distances.at(-1)).toBeLessThan(0.1);
      expect(new Set(engine).size).toBeGreaterThan(count);
    },
  );
});

describe("what we write ourselves comes back as the same program", () => {
  test.each(networks.slice(0, 3).flatMap((network) => [8, 4, 3].map((bits) => ({ network, bits }))))(
    "$network.name at $bits bits",
    async ({ network, bits }) => {
      async function* batches() {
        yield images(pixels(1));
      }
      const inserted = insertFakeQuant(network, { weights: bits, activations: bits });
      const quantized = snapBiases(await setRanges(inserted, { batches }, { method: "minmax", threads: 1 }));
      const program = lower(quantized, { preprocessing });
      for (const graph of [quantized, lift(program)]) {
        const again = lower((await open(toQdq(graph))).graph, { preprocessing });
        const described = ({ operators, tensors }: Program) =>
          operators.map((operator) => {
            const { name, bits: _, ...rest } = { bits: 0, ...operator, ...("weights" in operator && operator.weights) };
            return { ...rest, shapes: "output" in operator ? tensors[operator.output!] : undefined };
          });
        expect(again.operators.map(({ op }) => op)).toEqual(program.operators.map(({ op }) => op));
        expect(await engineLogits(again, pixels(2))).toEqual(await engineLogits(program, pixels(2)));
        expect(described(again)).toHaveLength(described(program).length);
      }
    },
  );
});
