import { createReference } from "@subbyte/engine";
import { type Graph, readOnnx, type Tensor, writeOnnx } from "@subbyte/graph";
import { describe, expect, test } from "vitest";
import { lower } from "../lowering/lower.js";
import { snapBiases } from "../quantization/biases.js";
import { fakeQuants } from "../quantization/fake-quant.js";
import { insertFakeQuant } from "../quantization/insert.js";
import type { BitPolicy } from "../quantization/policy.js";
import { setRanges } from "../quantization/ranges.js";
import { Random } from "../random.js";
import { createSession } from "../runtime/session.js";
import { kitchenSink } from "../testing/networks.js";
import { exportQdq } from "./export-qdq.js";
import { QDQ_OPSET, toQdq } from "./qdq.js";

const count = 8;
const images = (seed: number): Tensor => {
  const random = new Random(seed);
  return {
    dtype: "float32",
    shape: [count, 1, 16, 16],
    data: Float32Array.from({ length: count * 256 }, () => random.integer(256) / 255),
  };
};
const preprocessing = { channels: 1, height: 16, width: 16, resize: "exact", mean: [0], std: [1] } as const;

async function quantized(policy: BitPolicy): Promise<Graph> {
  async function* batches() {
    yield images(1);
  }
  const inserted = insertFakeQuant(kitchenSink(3, 1), policy);
  return snapBiases(await setRanges(inserted, { batches }, { method: "mse", threads: 1 }));
}

async function logits(model: Uint8Array, disableQuantQdq: boolean): Promise<Float32Array> {
  const session = await createSession(model, { threads: 1, disableQuantQdq });
  const result = await session.run({ input: images(2) });
  await session.release();
  return result[session.outputs[0]!]!.data as Float32Array;
}

describe("toQdq", () => {
  test.each([2, 3, 4, 5, 6, 7, 8])("%d bits: ONNX Runtime gives the engine's logits", async (bits) => {
    const graph = await quantized({ weights: bits, activations: bits });
    const exported = await logits(writeOnnx(toQdq(graph), { opset: QDQ_OPSET }), true);
    const bytes = Uint8Array.from(images(2).data as Float32Array, (x) => Math.round(x * 255));
    const engine = createReference(lower(graph, { preprocessing })).run(bytes, count);
    const spread = Math.max(...engine.map(Math.abs));
    // A value half way between two codes may round the other way in float; most logits are the same.
    const same = engine.filter((value, i) => Math.abs(value - exported[i]!) <= 1e-4 * spread).length;
    expect(same).toBeGreaterThanOrEqual(0.8 * engine.length);
    expect(Math.max(...engine.map((value, i) => Math.abs(value - exported[i]!)))).toBeLessThan(0.2 * spread);
  });

  test("4-bit weights are INT4, others int8 within their range; narrow activations are clipped", async () => {
    const graph = await quantized({ weights: 4, activations: 3 });
    const written = readOnnx(writeOnnx(toQdq(graph), { opset: QDQ_OPSET }));
    const weights = new Map(
      fakeQuants(graph)
        .filter((fq) => fq.ofWeights)
        .map((fq) => [fq.input, fq.bits]),
    );
    for (const [name, bits] of weights)
      expect(written.tensors.get(name)?.dtype, name).toBe(bits === 4 ? "int4" : "int8");
    const quantizers = written.nodes.filter((node) => node.op === "QuantizeLinear");
    const producer = new Map(written.nodes.map((node) => [node.outputs[0]!, node]));
    const clipped = quantizers.filter((node) => producer.get(node.inputs[0]!)?.op === "Clip");
    const narrow = fakeQuants(graph).filter((fq) => !fq.ofWeights && fq.bits < 8);
    expect(narrow.length).toBeGreaterThan(3);
    expect(clipped.length).toBeGreaterThanOrEqual(narrow.length);
  });
});

test("exportQdq reports whether the default session agrees, and reduceRange makes it agree", async () => {
  const program = lower(await quantized({ weights: 8, activations: 8 }), { preprocessing });
  const reduced = await exportQdq(program, { reduceRange: true });
  expect(reduced.check.defaultSessionAgrees).toBe(true);
  const codes = readOnnx(reduced.bytes).tensors.get("stem.weight")!.data as Int8Array;
  expect(Math.max(...codes.map(Math.abs))).toBeLessThanOrEqual(63);
  const full = await exportQdq(program, { reduceRange: false });
  expect(full.check.largestDifference).toBeGreaterThanOrEqual(0);
  expect(
    Math.max(...(readOnnx(full.bytes).tensors.get("stem.weight")!.data as Int8Array).map(Math.abs)),
  ).toBeGreaterThan(63);
});
