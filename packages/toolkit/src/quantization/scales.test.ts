import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { quantizeValue } from "./fake-quant.js";
import { affineFromRange, smallestWeightScale, weightScales } from "./scales.js";

test.each([
  // Worked by hand: scale = (hi − lo)/(2^b − 1), zero point = −lo/scale.
  [0, 15, 4, 1, 0],
  [-5, 10, 4, 1, 5],
  [3, 15, 4, 1, 0], // The range always contains 0.
  [-15, -3, 4, 1, 15],
  [0, 0, 8, 1, 0], // A dead tensor.
])("affineFromRange(%d, %d, %d)", (low, high, bits, scale, zeroPoint) => {
  expect(affineFromRange(low, high, bits)).toEqual({ scale, zeroPoint });
});

test("0 is exact, and every value of the range is within half a step", () => {
  const real = fc.double({ min: -1e3, max: 1e3, noNaN: true });
  fc.assert(
    fc.property(
      real,
      real,
      fc.integer({ min: 2, max: 8 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (a, b, bits, t) => {
        const [low, high] = [Math.min(a, b, 0), Math.max(a, b, 0)];
        fc.pre(high - low > 1e-3);
        const { scale, zeroPoint } = affineFromRange(low, high, bits);
        const max = 2 ** bits - 1;
        const back = (x: number) => scale * (quantizeValue(x, scale, zeroPoint, 0, max) - zeroPoint);
        expect(back(0)).toBe(0);
        const x = low + t * (high - low);
        // The zero point is rounded too: the grid may end half a step early.
        expect(Math.abs(back(x) - x)).toBeLessThanOrEqual(scale * (1 + 1e-5));
      },
    ),
    { seed: 7, numRuns: 300 },
  );
});

describe("rounding and clamping of codes", () => {
  test.each([
    [-2.5, -2],
    [-0.5, 0],
    [0.5, 0],
    [1.5, 2],
    [2.5, 2],
    [7.4, 7],
    [9, 7],
    [-20, -7],
  ])("%d → %d on a narrow signed 4-bit grid", (x, code) => {
    expect(quantizeValue(x, 1, 0, -7, 7)).toBe(code);
  });
});

describe("weight scales", () => {
  const row = [0.1, -0.35, 0.7, 0.02];

  test("min/max maps the largest weight to the highest code", () => {
    expect(weightScales(Float32Array.from(row), 1, { bits: 4, narrow: true }, "max")[0]).toBe(
      Math.fround(Math.fround(0.7) / 7),
    );
  });

  test("the search is never worse than min/max in its own norm", () => {
    const random = (seed: number) => Float32Array.from({ length: 64 }, (_, i) => Math.sin(seed * 97 + i * i));
    for (let seed = 0; seed < 20; seed++)
      for (const grid of [
        { bits: 2, narrow: false },
        { bits: 4, narrow: true },
        { bits: 8, narrow: true },
      ]) {
        const weights = random(seed);
        const error = (scale: number) => {
          const min = -(2 ** (grid.bits - 1)) + (grid.narrow ? 1 : 0);
          const max = 2 ** (grid.bits - 1) - 1;
          return weights.reduce((sum, w) => sum + Math.abs(w - scale * quantizeValue(w, scale, 0, min, max)) ** 2.4, 0);
        };
        const searched = weightScales(weights, 1, grid, "l24")[0]!;
        const full = weightScales(weights, 1, grid, "max")[0]!;
        // The search walks 1 % steps and may miss min/max itself by part of one.
        expect(error(searched)).toBeLessThanOrEqual(error(full) * 1.02);
      }
  });

  test("a channel of zeros has scale 1", () => {
    expect([...weightScales(new Float32Array(6), 2, { bits: 4, narrow: true }, "l24")]).toEqual([1, 1]);
  });

  test("the least scale keeps bias codes within 30 bits, 20 for zero weights", () => {
    expect(5 / (smallestWeightScale(5, 0.5, false) * 0.5)).toBeCloseTo(2 ** 30, 0);
    expect(5 / (smallestWeightScale(-5, 0.5, true) * 0.5)).toBeCloseTo(2 ** 20, 0);
  });
});
