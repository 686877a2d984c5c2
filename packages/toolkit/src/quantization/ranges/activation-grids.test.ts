import { describe, expect, test } from "vitest";
import { Random } from "../../random.js";
import { type ActivationRule, activationGrid } from "./activation-grids.js";
import { ActivationObserver } from "./histogram.js";

const random = new Random(1);
const relu = Float32Array.from({ length: 6_000 }, () => Math.max(0, random.normal()));
const twoSided = Float32Array.from({ length: 6_000 }, () => 0.5 + random.normal());

const observe = (values: Float32Array) => {
  const observer = new ActivationObserver(true);
  observer.add(values);
  return observer;
};

function meanError(
  values: Float32Array,
  grid: { scale: number; zeroPoint: number },
  bits: number,
  power: number,
): number {
  let sum = 0;
  for (const x of values) {
    const q = Math.min(2 ** bits - 1, Math.max(0, Math.round(x / grid.scale) + grid.zeroPoint));
    sum += Math.abs(x - grid.scale * (q - grid.zeroPoint)) ** power;
  }
  return sum / values.length;
}

describe.each([2, 3, 4, 8])("%i bits", (bits) => {
  test.each([
    ["mse", 2],
    ["l24", 2.4],
  ] as const)("%s is as good as the best of a fine search", (rule, power) => {
    for (const values of [relu, twoSided]) {
      const observer = observe(values);
      const found = meanError(values, activationGrid(rule, observer, bits), bits, power);
      let best = Number.POSITIVE_INFINITY;
      for (let share = 0.02; share <= 1; share += 0.01) {
        const scale = (share * (Math.max(0, observer.max) - Math.min(0, observer.min))) / (2 ** bits - 1);
        const zeros = observer.min < 0 ? Array.from({ length: 2 ** bits }, (_, z) => z) : [0];
        for (const zeroPoint of bits === 8 && zeros.length > 1 ? [Math.round(-observer.min / scale)] : zeros)
          best = Math.min(best, meanError(values.subarray(0, 3000), { scale, zeroPoint }, bits, power));
      }
      expect(found).toBeLessThan(1.15 * best);
    }
  });

  test("every rule gives a grid that contains 0 and lies within what was seen", () => {
    for (const rule of ["minmax", "movingaverage", "percentile", "kl", "mse", "l24"] as ActivationRule[])
      for (const values of [relu, twoSided]) {
        const observer = observe(values);
        const { scale, zeroPoint } = activationGrid(rule, observer, bits);
        expect(scale).toBe(Math.fround(scale));
        expect(Number.isInteger(zeroPoint) && zeroPoint >= 0 && zeroPoint < 2 ** bits).toBe(true);
        expect(scale * (2 ** bits - 1 - zeroPoint)).toBeLessThanOrEqual(observer.max + scale);
        if (values === relu) expect(zeroPoint).toBe(0);
      }
  });
});

test("the percentile leaves out what it says", () => {
  const values = Float32Array.from({ length: 10_000 }, (_, i) => i + 1);
  const { scale } = activationGrid("percentile", observe(values), 8, 99);
  expect((scale * 255) / 9900).toBeCloseTo(1, 2);
});

test("divergence clips a far outlier, also with few codes", () => {
  const values = relu.slice();
  values[0] = 100;
  for (const bits of [2, 4, 8]) {
    const { scale } = activationGrid("kl", observe(values), bits);
    expect(scale * (2 ** bits - 1)).toBeLessThan(10);
    expect(scale * (2 ** bits - 1)).toBeGreaterThan(1);
  }
});

test("a dead activation gets scale 1", () => {
  for (const rule of ["minmax", "movingaverage", "percentile", "kl", "mse", "l24"] as ActivationRule[])
    expect(activationGrid(rule, observe(new Float32Array(10)), 4)).toEqual({ scale: 1, zeroPoint: 0 });
});

test("squared error clips a lone outlier at 4 bits and hardly at 8", () => {
  const values = Float32Array.from({ length: 10_000 }, (_, i) => Math.abs(Math.sin(i)) * 2);
  values[17] = 10;
  const top = (bits: number) => activationGrid("mse", observe(values), bits).scale * (2 ** bits - 1);
  expect(top(4)).toBeLessThan(5);
  expect(top(8)).toBeGreaterThan(5);
});
