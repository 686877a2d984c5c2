import fc from "fast-check";
import { expect, test } from "vitest";
import { ActivationObserver } from "./histogram.js";

const observed = (...batches: readonly (readonly number[])[]) => {
  const observer = new ActivationObserver(true);
  for (const batch of batches) observer.add(Float32Array.from(batch));
  return observer;
};

test("the histogram does not depend on the order of the batches, and counts every value in its bin", () => {
  const value = fc.float({ noNaN: true, noDefaultInfinity: true, min: Math.fround(-1e6), max: Math.fround(1e6) });
  fc.assert(
    fc.property(
      fc.array(fc.array(value, { minLength: 1, maxLength: 20 }), { minLength: 1, maxLength: 5 }),
      (batches) => {
        const histogram = observed(...batches).histogram();
        const { counts, ...rest } = observed(...batches.toReversed()).histogram();
        expect({ ...histogram, counts: undefined }).toEqual({ ...rest, counts: undefined });
        expect(histogram.counts.findIndex((count, bin) => count !== counts[bin])).toBe(-1);
        const all = batches.flat();
        expect(histogram.counts.reduce((a, b) => a + b, histogram.zeros)).toBe(all.length);
        const expected = new Float64Array(histogram.counts.length);
        for (const x of all) {
          if (x === 0) continue;
          const position = (x - histogram.origin) / histogram.width;
          expected[x > 0 ? Math.floor(position) : Math.ceil(position) - 1]!++;
        }
        expect(histogram.counts.findIndex((count, bin) => count !== expected[bin])).toBe(-1);
      },
    ),
    { numRuns: 12 },
  );
});

test("an 8-bit step spans at least 8 bins, whatever the range grew to", () => {
  for (const largest of [1e-20, 0.3, 1, 1023, 1e9]) {
    const { width, max } = observed([largest / 1000], [largest]).histogram();
    expect(max / 255 / width).toBeGreaterThanOrEqual(8);
  }
});

test("NaN and infinities are noticed, constants too", () => {
  expect(observed([1, Number.NaN]).broken).toBe(true);
  expect(observed([1], [Number.NEGATIVE_INFINITY]).broken).toBe(true);
  expect(observed([1, 2]).broken).toBe(false);
  expect(observed([3, 3], [3]).constant).toBe(true);
  expect(observed([3, 3], [4]).constant).toBe(false);
});

test("extremes of zeros are 0, whatever their sign", () => {
  expect(observed([-0], [0])).toMatchObject({ min: 0, max: 0, averageMin: 0, averageMax: 0 });
});

test("moving averages follow the batches' extremes", () => {
  const observer = observed([-1, 2], [-3, 12]);
  expect(observer.averageMin).toBeCloseTo(-1.2);
  expect(observer.averageMax).toBeCloseTo(3);
});
