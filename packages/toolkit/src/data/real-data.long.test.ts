import { describe, expect, test } from "vitest";
import { sharedFile } from "../../../graph/test/shared.js";
import { cacheIn, temporaryFolder, wholeSet } from "../../test/images.js";
import { openImages } from "./open-images.js";

const cifar10 = sharedFile("data/cifar10.tgz");
const cache = cacheIn(await temporaryFolder());

describe("CIFAR-10 as WebP", () => {
  test.skipIf(!cifar10)("has 9,979 test images, which open from the cache in a fraction of the time", async () => {
    const options = { split: "test", cache } as const;
    const start = performance.now();
    const decoded = await wholeSet(await openImages(cifar10!, options));
    const decodingMs = performance.now() - start;
    const perClass = new Array<number>(10).fill(0);
    for (const label of decoded.labels) perClass[label]!++;
    expect(perClass).toEqual([1000, 1000, 1000, 1000, 1000, 1000, 1000, 999, 980, 1000]);

    const again = performance.now();
    const cached = await openImages(cifar10!, options);
    expect(performance.now() - again).toBeLessThan(decodingMs / 10);
    const { images, labels } = await wholeSet(cached);
    expect(Buffer.from(images).equals(decoded.images)).toBe(true);
    expect(labels).toEqual(decoded.labels);
  });
});
