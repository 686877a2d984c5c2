import { expect, test } from "vitest";
import { composedNormalization, outerNormalization } from "./file-normalization.js";

const input = { normalization: undefined, changes: [] } as const;

test("a file that takes bytes or pixels of 0…1 says how images come to it", () => {
  expect(outerNormalization({ ...input, unit: 255 }, 3)).toEqual({
    mean: [0, 0, 0],
    std: [1 / 255, 1 / 255, 1 / 255],
  });
  expect(outerNormalization({ ...input, unit: 1 }, 1)).toEqual({ mean: [0], std: [1] });
  expect(outerNormalization({ ...input, unit: undefined }, 3)).toBeUndefined();
});

test("two normalizations in a row are one", () => {
  const outer = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
  expect(composedNormalization(outer, undefined)).toBe(outer);
  const inner = { mean: [10, 20, 30], std: [2, 4, 5] };
  const { mean, std } = composedNormalization(outer, inner);
  for (const pixel of [0, 0.3, 1])
    for (const c of [0, 1, 2]) {
      const twice = ((pixel - outer.mean[c]!) / outer.std[c]! - inner.mean[c]!) / inner.std[c]!;
      expect((pixel - mean[c]!) / std[c]!).toBeCloseTo(twice, 10);
    }
});
