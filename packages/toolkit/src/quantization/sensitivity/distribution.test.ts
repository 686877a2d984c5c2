import fc from "fast-check";
import { expect, test } from "vitest";
import { ActivationObserver } from "../ranges/histogram.js";
import { distributionOf } from "./distribution.js";

const of = (values: readonly number[]) => {
  const observer = new ActivationObserver(true);
  observer.add(Float32Array.from(values));
  return distributionOf(observer, [-1, 1], 3);
};

test("at most 64 bins hold every value, none of both signs, between the extremes", () => {
  const value = fc.float({ noNaN: true, min: Math.fround(-1e4), max: Math.fround(1e4) });
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 50 }), (values) => {
      const { min, max, origin, width, counts, zeros } = of(values);
      expect(counts.length).toBeLessThanOrEqual(64);
      expect(counts.reduce((sum, count) => sum + count, zeros)).toBe(values.length);
      expect([min, max]).toEqual([Math.min(...values) + 0, Math.max(...values) + 0]);
      const negative = counts.slice(0, width === 0 ? 0 : -origin / width);
      expect(negative.reduce((sum, count) => sum + count, 0)).toBe(values.filter((x) => x < 0).length);
      expect(origin).toBeLessThanOrEqual(Math.max(0, min));
      expect(origin + counts.length * width).toBeGreaterThanOrEqual(max);
    }),
    { numRuns: 100 },
  );
});

test("an outlier is kept, in a bin of its own", () => {
  const { counts, max, width } = of([...new Array(100).fill(0.5), 1000]);
  expect(counts).toEqual([100, ...new Array(counts.length - 2).fill(0), 1]);
  expect({ max, width }).toEqual({ max: 1000, width: 16 });
});

test.each([[[]], [[0, 0]], [[Number.NaN, 1]]])("%j leaves no bins and no infinities", (values) => {
  const { counts, ...rest } = of(values);
  expect(counts).toEqual([]);
  expect(rest).toMatchObject({ min: 0, max: 0, origin: 0, width: 0 });
});
