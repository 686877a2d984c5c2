import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { UsageError } from "../errors.js";
import { type DecodedImages, MemoryImageSet } from "./image-set.js";
import type { Augmentation, Batch, BatchOptions } from "./types.js";

/** Byte k of image i is 1 + (31·i + k) mod 255: never 0, which padding alone gives. */
function imageSet(count: number, { side = 4, channels = 3 as 1 | 3 } = {}): MemoryImageSet {
  const size = side * side * channels;
  const pixels = Uint8Array.from(
    { length: count * size },
    (_, i) => 1 + ((Math.floor(i / size) * 31 + (i % size)) % 255),
  );
  const decoded: DecodedImages = {
    name: "test",
    split: "train",
    classes: ["a", "b"],
    channels,
    storedHeight: side,
    storedWidth: side,
    labels: Int32Array.from({ length: count }, (_, i) => i % 2),
    pixels,
    notes: [],
  };
  return new MemoryImageSet(decoded, side, side);
}

async function collect(set: MemoryImageSet, options: BatchOptions): Promise<Batch[]> {
  const batches: Batch[] = [];
  for await (const batch of set.batches(options)) batches.push(batch);
  return batches;
}

describe("batches", () => {
  test("cover every image once, in order without a seed", async () => {
    const batches = await collect(imageSet(10), { batchSize: 4 });
    expect(batches.map((batch) => batch.count)).toEqual([4, 4, 2]);
    expect(batches.flatMap((batch) => [...batch.labels])).toEqual([0, 1, 0, 1, 0, 1, 0, 1, 0, 1]);
    expect(batches.flatMap((batch) => [...batch.images]).slice(48, 96)).toEqual(
      Array.from({ length: 48 }, (_, i) => 32 + i),
    );
    expect((await collect(imageSet(10), { batchSize: 4, dropLast: true })).map((batch) => batch.count)).toEqual([4, 4]);
    expect(await collect(imageSet(0), { batchSize: 4 })).toEqual([]);
    await expect(collect(imageSet(1), { batchSize: 0 })).rejects.toThrow(UsageError);
  });

  test("are shuffled by seed and epoch", async () => {
    const order = async (options: Partial<BatchOptions>) =>
      (await collect(imageSet(50), { batchSize: 50, ...options }))[0]!.images.filter((_, i) => i % 48 === 0).join();
    const orders = await Promise.all(
      [{}, { shuffleSeed: 1 }, { shuffleSeed: 2 }, { shuffleSeed: 1, epoch: 1 }].map(order),
    );
    expect(new Set(orders).size).toBe(4);
    expect(await order({ shuffleSeed: 1, epoch: 1 })).toBe(orders[3]);
  });

  test("resumed in the middle are those of a run that never stopped", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(40),
        fc.integer({ min: 1, max: 9 }),
        fc.nat(6),
        fc.nat(),
        async (count, batchSize, startBatch, seed) => {
          const options = {
            batchSize,
            shuffleSeed: seed,
            epoch: 3,
            augmentation: { cropPadding: 2, horizontalFlip: true },
          };
          const whole = await collect(imageSet(count), options);
          expect(await collect(imageSet(count), { ...options, startBatch })).toEqual(whole.slice(startBatch));
        },
      ),
      { numRuns: 30 },
    );
  });

  test("one is prepared while the consumer works on the one before", async () => {
    const set = imageSet(3);
    const iterator = set.batches({ batchSize: 1 })[Symbol.asyncIterator]();
    await iterator.next();
    await new Promise((resolve) => setTimeout(resolve, 20)); // the consumer waits for native threads
    // What is prepared already no longer sees a change of the stored pixels.
    const stored = (set as unknown as { decoded: DecodedImages }).decoded.pixels;
    stored.fill(0);
    const second: Batch = (await iterator.next()).value;
    expect(second.images.some((byte) => byte > 0)).toBe(true);
    await iterator.next();
    await iterator.return?.();
  });
});

describe("augmentation", () => {
  const augmented = async (set: MemoryImageSet, augmentation: Augmentation, epoch: number) =>
    (await collect(set, { batchSize: set.length, epoch, augmentation }))[0]!;

  test("a flip mirrors about half of the images and leaves the others", async () => {
    const set = imageSet(200, { side: 5 });
    const plain = (await collect(set, { batchSize: 200 }))[0]!.images;
    const flipped = (await augmented(set, { horizontalFlip: true }, 0)).images;
    let mirrored = 0;
    for (let n = 0; n < 200; n++) {
      const at = (images: Uint8Array, y: number, x: number, c: number) => images[((n * 5 + y) * 5 + x) * 3 + c]!;
      const isMirrored = at(flipped, 0, 0, 0) !== at(plain, 0, 0, 0);
      if (isMirrored) mirrored++;
      for (let y = 0; y < 5; y++)
        for (let x = 0; x < 5; x++)
          for (let c = 0; c < 3; c++) expect(at(flipped, y, x, c)).toBe(at(plain, y, isMirrored ? 4 - x : x, c));
    }
    expect(mirrored).toBeGreaterThan(70);
    expect(mirrored).toBeLessThan(130);
  });

  test("a padded crop is a window of the zero-padded image, and every place is taken", async () => {
    const [side, padding] = [4, 2];
    const set = imageSet(300, { side, channels: 1 });
    const plain = (await collect(set, { batchSize: 300 }))[0]!.images;
    const { images } = await augmented(set, { cropPadding: padding }, 1);
    const offsets = new Set<string>();
    for (let n = 0; n < 300; n++) {
      const original = (y: number, x: number) =>
        y < 0 || x < 0 || y >= side || x >= side ? 0 : plain[(n * side + y) * side + x]!;
      const matches = [];
      for (let dy = -padding; dy <= padding; dy++)
        for (let dx = -padding; dx <= padding; dx++) {
          let equal = true;
          for (let y = 0; y < side; y++)
            for (let x = 0; x < side; x++) equal &&= images[(n * side + y) * side + x] === original(y + dy, x + dx);
          if (equal) matches.push(`${dy},${dx}`);
        }
      expect(matches).toHaveLength(1);
      offsets.add(matches[0]!);
    }
    expect(offsets.size).toBe((2 * padding + 1) ** 2);
  });

  test("padding larger than the image gives an image of zeros at worst", async () => {
    const { images } = await augmented(imageSet(50, { side: 2 }), { cropPadding: 6 }, 0);
    expect(images.length).toBe(50 * 12);
    expect(images.some((byte) => byte === 0)).toBe(true);
  });

  test("a random resized crop of the whole area only resizes; smaller ones stay within the image", async () => {
    const gradient = Uint8Array.from({ length: 20 * 20 }, (_, i) => 100 + (i % 20));
    const set = new MemoryImageSet(
      {
        name: "g",
        split: "train",
        classes: ["a", "b"],
        channels: 1,
        storedHeight: 20,
        storedWidth: 20,
        labels: new Int32Array(1),
        pixels: gradient,
        notes: [],
      },
      10,
      10,
    );
    const spans = new Set<number>();
    for (let epoch = 0; epoch < 60; epoch++) {
      const { images } = await augmented(set, { randomResizedCrop: true, randomResizedCropArea: [0.2, 1] }, epoch);
      expect(images.every((byte) => byte >= 100 && byte <= 119)).toBe(true);
      spans.add(images[9]! - images[0]!);
    }
    expect(spans.size).toBeGreaterThan(5);
  });

  test("depends on the image, not on the batch it comes in", async () => {
    const options = { shuffleSeed: 5, augmentation: { cropPadding: 1, horizontalFlip: true } };
    const [large, small] = await Promise.all([
      collect(imageSet(12), { ...options, batchSize: 12 }),
      collect(imageSet(12), { ...options, batchSize: 5 }),
    ]);
    expect(small.flatMap((batch) => [...batch.images])).toEqual([...large[0]!.images]);
  });
});
