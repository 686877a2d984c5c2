import { describe, expect, test } from "vitest";
import { sharedFile } from "../../../graph/test/shared.js";
import { cacheIn, temporaryFolder, wholeSet } from "../../test/images.js";
import { openImages } from "./open-images.js";

const cifar10 = sharedFile("data/cifar10.tgz");
const imagenette = sharedFile("data/imagenette.tgz");
const cache = cacheIn(await temporaryFolder());

describe("archives of real images", () => {
  test.skipIf(!cifar10)("CIFAR-10 as WebP", async () => {
    const set = await openImages(cifar10!, { split: "evaluation", limit: 20, cache });
    expect(set).toMatchObject({ split: "test", length: 20, height: 32, width: 32, channels: 3, notes: [] });
    expect(set.classes.join()).toBe("airplane,automobile,bird,cat,deer,dog,frog,horse,ship,truck");
    expect([...(await wholeSet(set)).labels]).toEqual(Array.from({ length: 20 }, (_, i) => i >> 1));
  });

  test.skipIf(!imagenette)("ImageNette as JPEG, which has val but no test", async () => {
    const set = await openImages(imagenette!, { split: "evaluation", limit: 20, size: 64, cache });
    expect(set).toMatchObject({ split: "val", length: 20, height: 64, width: 64, channels: 3, notes: [] });
    expect(set.classes).toEqual(expect.arrayContaining(["tench", "gas pump"]));
    const { images } = await wholeSet(set);
    const mean = images.reduce((sum, byte) => sum + byte, 0) / images.length;
    expect(mean).toBeGreaterThan(80); // photographs, neither black nor noise around a wrong mean
    expect(mean).toBeLessThan(150);
    await expect(openImages(imagenette!, { split: "test", cache })).rejects.toThrow(
      /no test split; it has train and val/,
    );
  });
});
