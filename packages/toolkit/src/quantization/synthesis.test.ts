import { simplifyForImport } from "@subbyte/graph";
import { expect, test } from "vitest";
import { buildModel } from "../models/index.js";
import { kitchenSink } from "../testing/networks.js";
import { quantize } from "./quantize.js";
import { synthesizeImages } from "./synthesis.js";

const settings = { seed: 4, mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25], threads: 1 };

test("images approach the statistics of batch normalization, the same for the same seed, and calibrate the network", async () => {
  const graph = buildModel("resnet8", { classes: 4, size: 16, channels: 3, seed: 2 });
  const options = { ...settings, images: 16, iterations: 12 };
  const { images, firstLoss, lastLoss } = await synthesizeImages(graph, options);
  expect(lastLoss).toBeLessThan(0.7 * firstLoss);
  expect(images.length).toBe(16);
  const pixels = async (set: typeof images) => {
    for await (const batch of set.batches({ batchSize: 16 })) return batch.images;
    return undefined;
  };
  const again = await synthesizeImages(graph, options);
  expect(await pixels(again.images)).toEqual(await pixels(images));
  const other = await synthesizeImages(graph, { ...options, seed: 5, iterations: 1 });
  expect(await pixels(other.images)).not.toEqual(await pixels(images));

  const { closeness } = await quantize(simplifyForImport(graph), images, {
    ...settings,
    policy: { weights: 8, activations: 8 },
    method: "mse",
  });
  expect(closeness.top1).toBeUndefined();
  expect(closeness.agreement).toBeGreaterThan(0.7);
});

test("a network without batch normalization is refused with advice", async () => {
  await expect(synthesizeImages(kitchenSink(1), settings)).rejects.toThrow(/no batch normalization.*`arch`/);
});
