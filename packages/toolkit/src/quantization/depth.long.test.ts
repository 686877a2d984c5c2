/**
 * The shallowest and the deepest of the CIFAR ResNets that nothing was tuned for: the same calls quantize them, and the engine computes
 * what the simulation does.
 */

import { createReference, load, writeSbq } from "@subbyte/engine";
import { float32, type Graph, simplifyForImport } from "@subbyte/graph";
import { expect, test } from "vitest";
import { MemoryImageSet } from "../data/image-set.js";
import { lower } from "../lowering/lower.js";
import { buildModel } from "../models/index.js";
import { Random } from "../random.js";
import { codesClassifier } from "../simulation/classifier.js";
import { fakeQuants } from "./fake-quant.js";
import { chooseBitWidths } from "./mixed-precision/choose-bit-widths.js";
import type { BitPolicy } from "./policy.js";
import { quantizeGraph } from "./quantize.js";

const size = 16;
const normalization = { mean: [0.4, 0.5, 0.6], std: [0.2, 0.25, 0.3] };
const random = new Random(4);
const pixels = Uint8Array.from({ length: 48 * size * size * 3 }, () => random.integer(256));
const noise = new MemoryImageSet({
  name: "noise",
  split: "train",
  classes: ["a", "b", "c", "d", "e"],
  channels: 3,
  storedHeight: size,
  storedWidth: size,
  labels: Int32Array.from({ length: 48 }, (_, i) => i % 5),
  pixels,
  notes: [],
});

/** Residual branches are a fifth of their initial size, as training makes them, or 54 blocks would grow without limit. */
function network(architecture: string): Graph {
  const graph = buildModel(architecture, { classes: 5, size, channels: 3, seed: 2 });
  const damped = [...graph.tensors].map(([name, tensor]) =>
    /bn2\.weight$/.test(name)
      ? ([
          name,
          float32(
            (tensor.data as Float32Array).map((gamma) => gamma / 5),
            tensor.shape,
          ),
        ] as const)
      : ([name, tensor] as const),
  );
  return simplifyForImport({ ...graph, tensors: new Map(damped) });
}

const common = { seed: 1, threads: 1, ...normalization };

async function expectEngineToEqualSimulation(graph: Graph, policy: BitPolicy, method: string): Promise<void> {
  const quantized = await quantizeGraph(graph, noise, {
    ...common,
    policy,
    method,
    calibrationImages: 16,
    reconstruction: { iterations: 2, endToEnd: 2, endToEndBatchSize: 4 },
  });
  for (const { scale } of fakeQuants(quantized))
    expect((quantized.tensors.get(scale)!.data as Float32Array).every((s) => s > 0 && Number.isFinite(s))).toBe(true);
  const program = lower(quantized, {
    preprocessing: { channels: 3, height: size, width: size, resize: "exact", ...normalization },
  });
  const images = pixels.subarray(0, 4 * size * size * 3);
  const simulation = await codesClassifier(program, { threads: 1 });
  const logits = await simulation.classify({ images, labels: new Int32Array(4), count: 4 });
  await simulation.close();
  expect(new Set(logits).size).toBeGreaterThan(5);
  expect(createReference(program).run(images, 4)).toEqual(logits);
  const model = await load(writeSbq(program), { worker: false });
  expect(await model.run(images)).toEqual(logits);
  model.dispose();
}

test.each(["resnet32", "resnet110"])("%s by ranges at 4 bits, and learned at 3", async (name) => {
  const graph = network(name);
  await expectEngineToEqualSimulation(graph, { weights: 4, activations: 4 }, "mse");
  await expectEngineToEqualSimulation(graph, { weights: 3, activations: 3 }, "reconstruct");
});

test("resnet32 with mixed widths", async () => {
  const graph = network("resnet32");
  const policy = { weights: 8, activations: 8 };
  const { layers } = await chooseBitWidths(graph, noise, {
    ...common,
    policy,
    budget: { averageBits: 4 },
    images: 8,
    widths: [3, 5],
  });
  await expectEngineToEqualSimulation(graph, { ...policy, layers }, "mse");
});
