import { expect, test } from "vitest";
import { correlation, median, medianRatio } from "./statistics.js";

test("median", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([10, 4, 1, 3])).toBe(3.5);
  expect(median([7])).toBe(7);
});

test("a ratio above 1 says that ours is faster, and is made within a turn", () => {
  expect(medianRatio([2, 2, 2], [6, 6, 6])).toBe(3);
  // The machine is ten times slower in the second turn, and one of us is disturbed in the third.
  expect(medianRatio([2, 20, 200], [6, 60, 6])).toBe(3);
});

test("correlation", () => {
  expect(correlation([1, 2, 3], [10, 20, 30])).toBeCloseTo(1, 12);
  expect(correlation([1, 2, 3], [3, 2, 1])).toBeCloseTo(-1, 12);
  expect(correlation([1, -1, 1, -1], [1, 1, -1, -1])).toBeCloseTo(0, 12);
});
