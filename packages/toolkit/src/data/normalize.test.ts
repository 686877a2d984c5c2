import { describe, expect, test } from "vitest";
import { UsageError } from "../errors.js";
import { normalizationTables, normalize } from "./normalize.js";

const imagenet = { channels: 3, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } as const;

describe("normalize", () => {
  test("is (p / 255 − mean) / std in float64, rounded once", () => {
    const tables = normalizationTables(imagenet);
    for (let c = 0; c < 3; c++)
      for (let p = 0; p < 256; p++)
        expect(tables[c]![p]).toBe(Math.fround((p / 255 - imagenet.mean[c]!) / imagenet.std[c]!));
  });

  test("turns [N, H, W, C] into [N, C, H, W]", () => {
    const plain = { channels: 3, mean: [0, 0, 0], std: [1 / 255, 1 / 255, 1 / 255], pixels: 2 } as const;
    const images = Uint8Array.of(1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16); // two images of 1×2 pixels
    expect([...normalize(images, plain)]).toEqual([1, 4, 2, 5, 3, 6, 11, 14, 12, 15, 13, 16]);
    const target = new Float32Array(20);
    expect(normalize(images, plain, target)).toBe(target);
    expect(target[11]).toBe(16);
    const grey = { channels: 1, mean: [0.5], std: [0.5], pixels: 2 } as const;
    expect([...normalize(Uint8Array.of(0, 255), grey)]).toEqual([-1, 1]);
  });

  test("refuses what does not fit", () => {
    expect(() => normalizationTables({ channels: 1, mean: [0, 0, 0], std: [1, 1, 1] })).toThrow(UsageError);
    for (const std of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => normalizationTables({ channels: 1, mean: [0], std: [std] })).toThrow(/`std`/);
    expect(() => normalize(new Uint8Array(7), { ...imagenet, pixels: 2 })).toThrow(UsageError);
  });
});
