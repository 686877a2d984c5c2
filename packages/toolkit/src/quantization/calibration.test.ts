import { expect, test } from "vitest";
import { png, temporaryFolder, writeTree } from "../../test/images.js";
import { openImages } from "../data/index.js";
import { calibrationSample } from "./calibration.js";

test("images of a batch are fewer where they are larger, and the same ones", async () => {
  const root = await temporaryFolder();
  const files: Record<string, Uint8Array> = {};
  for (let i = 0; i < 7; i++) files[`train/${i % 2}/${i}.png`] = await png(i, 256, 256);
  for (let i = 0; i < 2; i++) files[`test/${i}/${i}.png`] = await png(i, 256, 256);
  const images = await openImages(await writeTree(root, files), { split: "train", size: [256, 256] });
  const settings = { count: 6, seed: 3, mean: [0, 0, 0], std: [1, 1, 1] };
  const batches = async (batchSize?: number) => {
    const sample = calibrationSample(images, { ...settings, ...(batchSize === undefined ? {} : { batchSize }) });
    const found: Float32Array[] = [];
    for await (const { data } of sample.batches()) found.push(data as Float32Array);
    return found;
  };
  const own = await batches();
  const image = 3 * 256 * 256;
  expect(own.map(({ length }) => length / image)).toEqual([4, 2]);
  const [whole] = await batches(7);
  expect(own.flatMap((data) => [...data])).toEqual([...whole!]);
});
