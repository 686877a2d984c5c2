import { expect, test } from "vitest";
import { reorderedAccuracy } from "./class-order.js";

test("a permutation of the classes is seen through", () => {
  const confusion = [
    [1, 9, 0],
    [0, 2, 8],
    [10, 0, 0],
  ];
  expect(reorderedAccuracy(confusion)).toBe(27 / 30);
});

test("a network that always gives the same answer stays at chance", () => {
  expect(
    reorderedAccuracy([
      [10, 0, 0],
      [10, 0, 0],
      [10, 0, 0],
    ]),
  ).toBe(1 / 3);
});
