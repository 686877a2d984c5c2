import { float32 } from "@subbyte/graph";
import { afterAll, expect, test } from "vitest";
import { Random } from "../../random.js";
import { randomTensor } from "../../testing/networks.js";
import { PatchSampler } from "./layer-inputs.js";
import { OutputErrorSearch } from "./output-error.js";

const search = new OutputErrorSearch({ threads: 1 });
afterAll(() => search.release());

const CHANNELS = 3;
const grid = { bits: 3, narrow: false };

/** Σ over samples of ((w − ŵ)·x)², ŵ rounded to the codes −4 … 3. */
function outputError(w: Float32Array, scale: number, samples: readonly Float32Array[]): number {
  const errors = w.map((value) => value - scale * Math.min(3, Math.max(-4, Math.round(value / scale))));
  return samples.reduce((sum, x) => sum + x.reduce((dot, value, i) => dot + value * errors[i]!, 0) ** 2, 0);
}

test.each([
  ["few weights", 20, 50],
  ["more samples than weights", 48, 90],
  ["fewer samples than weights", 120, 30],
])("%s: no scale has less error at the layer's output", async (_, size, rows) => {
  const random = new Random(7);
  const weights = randomTensor(random, [CHANNELS, size], 0.3);
  // Neighbouring inputs rise and fall together, so that the best scale is not that of the least error of weights.
  const inputs = randomTensor(random, [rows, size], 1).data as Float32Array;
  for (let i = 1; i < inputs.length; i++) inputs[i] = 0.8 * inputs[i - 1]! + 0.6 * inputs[i]!;
  const layer = { op: "Gemm", domain: "", name: "fc", inputs: [], outputs: [], attributes: { transB: 1 } };
  const sampler = new PatchSampler(layer, weights, rows, 0);
  sampler.add(float32(inputs, [rows, size]));
  const samples = Array.from({ length: rows }, (_, r) => inputs.subarray(r * size, (r + 1) * size));

  const scales = await search.scales(weights.data as Float32Array, CHANNELS, grid, sampler);
  for (const [c, scale] of scales.entries()) {
    const w = (weights.data as Float32Array).subarray(c * size, (c + 1) * size);
    const largest = Math.max(...w.map(Math.abs));
    const least = Math.min(
      ...Array.from({ length: 81 }, (_, i) => outputError(w, (largest * (30 + i)) / 300, samples)),
    );
    expect(outputError(w, scale, samples)).toBeLessThan(1.001 * least);
  }
});
