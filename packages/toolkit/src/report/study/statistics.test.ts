import fc from "fast-check";
import { expect, test } from "vitest";
import { change, pairedChange, paretoFront, wilson } from "./statistics.js";

test("Wilson's interval has the published values", () => {
  // Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I, method 3.
  const published: readonly (readonly [right: number, count: number, low: number, high: number])[] = [
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ];
  for (const [right, count, low, high] of published) {
    const interval = wilson(right / count, count);
    expect(interval.low).toBeCloseTo(low, 4);
    expect(interval.high).toBeCloseTo(high, 4);
  }
});

test("a change by pairs has the interval of the paired difference", () => {
  // 10,000 images, 120 lost and 60 gained: −0.6 points, ± 1.96 · √((0.018 − 0.006²) / 10,000) but for one image in each cell.
  const { value, low, high } = pairedChange(120, 60, 10_000);
  expect(value).toBeCloseTo(-0.006, 12);
  expect((high - low) / 2).toBeCloseTo(1.959964 * Math.sqrt((0.018 - 0.000036) / 10_000), 4);
  expect((high + low) / 2).toBeCloseTo(value, 5);
});

test("a few images on which two classifiers agree say little", () => {
  // The share of images on which they differ is below 3 / n, the rule of three.
  const { value, low, high } = pairedChange(0, 0, 100);
  expect(value).toBe(0);
  expect(low).toBeLessThan(-0.02);
  expect(high).toBeGreaterThan(0.02);
  expect(pairedChange(0, 0, 10_000).low).toBeGreaterThan(-0.0005);
});

test("without pairs, a change has the wider interval of two samples", () => {
  const { value, low, high } = change(0.9, 0.88, 1000);
  expect(value).toBeCloseTo(-0.02, 12);
  expect((high - low) / 2).toBeCloseTo(1.959964 * Math.sqrt((0.9 * 0.1 + 0.88 * 0.12) / 1000), 3);
  expect(change(1, 1, 50).low).toBeLessThan(-0.02);
});

test("nothing outside the front is better in both respects, and nothing within it is beaten", () => {
  const points = fc.array(fc.record({ cost: fc.integer({ min: 1, max: 9 }), value: fc.integer({ min: 0, max: 9 }) }));
  fc.assert(
    fc.property(points, (all) => {
      const front = paretoFront(
        all,
        ({ cost }) => cost,
        ({ value }) => value,
      );
      const beats = (a: (typeof all)[number], b: (typeof all)[number]) =>
        a.cost <= b.cost && a.value >= b.value && (a.cost < b.cost || a.value > b.value);
      for (const point of front) expect(all.some((other) => beats(other, point))).toBe(false);
      for (const point of all)
        expect(
          front.some((other) => beats(other, point) || (other.cost === point.cost && other.value === point.value)),
        ).toBe(true);
    }),
  );
});
