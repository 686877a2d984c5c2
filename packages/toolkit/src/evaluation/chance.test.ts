import { expect, test } from "vitest";
import { isClearlyAbove, isClearlyBetter, isNearChance } from "./chance.js";

test("what a network gets by always giving the same answer is near chance, and a poor network is not", () => {
  for (const [classes, chance] of [
    [2, 0.5],
    [10, 0.1],
    [1000, 0.001],
  ] as const) {
    expect(isNearChance(chance, 1000, classes)).toBe(true);
    expect(isNearChance(0, 1000, classes)).toBe(true);
    expect(isNearChance(0.6, 1000, classes)).toBe(false);
  }
  // Few images say little.
  expect(isNearChance(0.25, 1000, 10)).toBe(false);
  expect(isNearChance(0.25, 30, 10)).toBe(true);
  // But what is all right, or nearly, is no reason to warn.
  expect(isNearChance(1, 2, 2)).toBe(false);
  expect(isNearChance(0.9, 10, 2)).toBe(false);
  expect(isNearChance(0.6, 10, 2)).toBe(true);
});

test("a difference is clear by the number of images", () => {
  expect(isClearlyAbove(0.9, 0.8, 1000)).toBe(true);
  expect(isClearlyAbove(0.9, 0.8, 50)).toBe(false);
  expect(isClearlyAbove(0.8, 0.8, 1000)).toBe(false);
});

test("on the same images, what both name right or wrong does not count", () => {
  const right = (count: number, from = 0) =>
    Array.from({ length: 100 }, (_, i) => (i >= from && i < from + count ? 1 : 0));
  expect(isClearlyBetter(right(90), right(78))).toBe(true);
  expect(isClearlyBetter(right(60, 40), right(78))).toBe(false);
  expect(isClearlyBetter(right(78), right(78))).toBe(false);
});
