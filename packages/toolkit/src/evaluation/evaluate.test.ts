import { expect, test } from "vitest";
import type { Batch, ImageSet } from "../data/types.js";
import { DataError, InterruptedError } from "../errors.js";
import { evaluateClassifier } from "./evaluate.js";
import { argMax, crossEntropy, rankOf } from "./metrics.js";

/** Images of one pixel whose byte is the image's number; labels as given. */
function pixels(labels: readonly number[], classes: number): ImageSet {
  return {
    name: "pixels",
    split: "test",
    classes: Array.from({ length: classes }, (_, c) => `class ${c}`),
    channels: 1,
    height: 1,
    width: 1,
    length: labels.length,
    notes: [],
    async *batches({ batchSize }) {
      for (let at = 0; at < labels.length; at += batchSize) {
        const count = Math.min(batchSize, labels.length - at);
        const images = Uint8Array.from({ length: count }, (_, i) => at + i);
        yield { images, labels: Int32Array.from(labels.slice(at, at + count)), count };
      }
    },
  };
}

const lookUp = (logits: readonly (readonly number[])[]) => (batch: Batch) =>
  Float32Array.from([...batch.images].flatMap((image) => [...logits[image]!]));

test("top-1, top-5, loss and confusion of a case counted by hand", async () => {
  const logits = [
    [9, 0, 0, 0, 0, 0, 0], // label 0: right
    [5, 4, 3, 2, 1, 0, -1], // label 4: fifth
    [5, 4, 3, 2, 1, 0, -1], // label 5: sixth
    [1, 1, 0, 0, 0, 0, 0], // label 1: equal to class 0, which comes first
    [Number.NaN, 1, 0, 0, 0, 0, 0], // label 0: NaN is never right
  ];
  const result = await evaluateClassifier(lookUp(logits), pixels([0, 4, 5, 1, 0], 7), { batchSize: 2 });
  expect(result).toMatchObject({ images: 5, top1: 1 / 5, top5: 3 / 5, topK: 5 });
  expect([...result.predictions]).toEqual([0, 0, 0, 0, 1]);
  expect(result.confusion[0]).toEqual([1, 1, 0, 0, 0, 0, 0]);
  expect(result.confusion.flat().reduce((a, b) => a + b)).toBe(5);
  expect(result.loss).toBeNaN();
  expect(result.imagesPerSecond).toBeGreaterThan(0);
});

test("top-5 of three classes is top-3", async () => {
  const result = await evaluateClassifier(lookUp([[3, 2, 1]]), pixels([2], 3));
  expect(result).toMatchObject({ top1: 0, top5: 1, topK: 3 });
  expect(result.loss).toBeCloseTo(Math.log(Math.exp(3) + Math.exp(2) + Math.exp(1)) - 1, 6);
});

test("another number of classes is refused, with both numbers and some names", async () => {
  const failure = evaluateClassifier(lookUp([[1, 2, 3]]), pixels([0], 10));
  await expect(failure).rejects.toThrow(DataError);
  await expect(failure).rejects.toThrow(/3 logits per image, but "pixels" has 10 classes \(class 0, .* class 9\)/);
});

test("an empty set is refused", async () => {
  await expect(evaluateClassifier(lookUp([]), pixels([], 2))).rejects.toThrow(/"pixels" has no test images/);
});

test("a signal stops after the batch at hand", async () => {
  const controller = new AbortController();
  const classify = lookUp([
    [1, 0],
    [1, 0],
    [1, 0],
  ]);
  const seen: number[] = [];
  const run = evaluateClassifier(classify, pixels([0, 0, 0], 2), {
    batchSize: 1,
    signal: controller.signal,
    onProgress: ({ images }) => {
      seen.push(images);
      if (images === 2) controller.abort();
    },
  });
  await expect(run).rejects.toThrow(InterruptedError);
  expect(seen).toEqual([1, 2]);
});

test("rank and argmax agree, ties and NaN included", () => {
  const rows = [
    [1, 2, 2],
    [Number.NaN, Number.NaN, 0],
    [0, Number.POSITIVE_INFINITY, Number.NaN],
  ];
  for (const row of rows) expect(rankOf(row, 0, 3, argMax(row, 0, 3))).toBe(0);
  expect(crossEntropy([1000, 0], 0, 2, 1)).toBe(1000); // exp(1000) would overflow
});
