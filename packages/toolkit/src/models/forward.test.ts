import { readFileSync } from "node:fs";
import { elementCount, float32, type Graph, type Tensor } from "@subbyte/graph";
import { describe, expect, test } from "vitest";
import { createSession } from "../runtime/session.js";
import { buildModel } from "./registry.js";

/** Made by the script beside it, with torchvision: two images of 64 × 64, ten classes. */
const golden: { readonly logits: Readonly<Record<string, readonly number[]>> } = JSON.parse(
  readFileSync(new URL("testdata/torchvision-logits.json", import.meta.url), "utf8"),
);

/** A tensor of `scale(u)`, u in [0, 1) as the script has them: Wellons' lowbias32 of index and stream. */
function hashed(stream: number, shape: readonly number[], scale: (u: number) => number): Tensor {
  const data = new Float32Array(elementCount(shape));
  for (let i = 0; i < data.length; i++) {
    let h = Math.imul(i + 1, 0x9e3779b1) ^ Math.imul(stream + 1, 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
    h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
    data[i] = scale(((h ^ (h >>> 16)) >>> 0) / 2 ** 32);
  }
  return float32(data, shape);
}

/** The graph with the script's weights: the n-th tensor is drawn from the n-th random stream. */
function filled(graph: Graph): Graph {
  const floats = [...graph.tensors].filter(([, { dtype, shape }]) => dtype === "float32" && shape.length > 0);
  const tensors = new Map<string, Tensor>(graph.tensors);
  for (const [stream, [name, { shape }]] of floats.entries()) {
    const deviation = Math.sqrt(6 / elementCount(shape.slice(1)));
    const positive = /(weight|running_var)$/.test(name);
    const spread = (u: number) => (shape.length > 1 ? (2 * u - 1) * deviation : positive ? 0.5 + u : u - 0.5);
    tensors.set(name, hashed(stream, shape, spread));
  }
  return { ...graph, tensors };
}

describe("logits equal torchvision's for the same weights and images", () => {
  const images = hashed(1000, [2, 3, 64, 64], (u) => Math.fround(u) - 0.5);

  for (const [name, expected] of Object.entries(golden.logits))
    test(name, async () => {
      const session = await createSession(filled(buildModel(name, { classes: 10, size: 64, initialize: false })));
      const { logits } = await session.run({ input: images });
      await session.release();
      expect(logits!.shape).toEqual([2, 10]);
      // Sums in another order: relative to the largest logit, a few float32 roundings a layer.
      const tolerance = 1e-5 * Math.max(...expected.map(Math.abs));
      for (const [i, value] of expected.entries())
        expect(Math.abs((logits!.data as Float32Array)[i]! - value)).toBeLessThan(tolerance);
    });
});
