import fc from "fast-check";
import { expect, test } from "vitest";
import { allocate, type Choice } from "./allocation.js";

/** Sums of every combination. */
const combinations = (items: readonly (readonly Choice<number>[])[]) =>
  items.reduce<{ amount: number; cost: number }[]>(
    (all, choices) =>
      all.flatMap((sum) => choices.map((c) => ({ amount: sum.amount + c.amount, cost: sum.cost + c.cost }))),
    [{ amount: 0, cost: 0 }],
  );

const whole = fc.integer({ min: 0, max: 1000 });
const item = fc
  .array(fc.record({ amount: whole, cost: whole }), { minLength: 1, maxLength: 5 })
  .map((choices) => choices.map((choice, value): Choice<number> => ({ ...choice, value })));

test("an allocation keeps the budget, and no combination is better by more than one step", () => {
  fc.assert(
    fc.property(fc.array(item, { minLength: 1, maxLength: 4 }), fc.integer({ min: 0, max: 4000 }), (items, budget) => {
      const all = combinations(items);
      const least = Math.min(...all.map(({ amount }) => amount));
      if (least > budget) {
        expect(() => allocate(items, budget, (sum) => `at least ${sum}`)).toThrow(`at least ${least}`);
        return;
      }
      const { choices, front } = allocate(items, budget, String);
      expect(choices.map(({ value }, i) => items[i]![value])).toEqual(choices);
      expect(choices.reduce((sum, { amount }) => sum + amount, 0)).toBeLessThanOrEqual(budget);
      const best = (limit: number) => Math.min(...all.filter(({ amount }) => amount <= limit).map(({ cost }) => cost));
      for (const { amount, cost } of front) expect(cost).toBe(best(amount));
      // Of the points within the budget, the largest is the best; what is left of the budget may improve on it.
      const reachable = front.filter(({ amount }) => amount <= budget).map(({ cost }) => cost);
      expect(choices.reduce((sum, { cost }) => sum + cost, 0)).toBeLessThanOrEqual(Math.min(...reachable));
    }),
    { numRuns: 300 },
  );
});

test("what is left of the budget goes to the item that gains most", () => {
  const items: Choice<string>[][] = [
    [
      { value: "a8", amount: 8, cost: 0 },
      { value: "a4", amount: 4, cost: 1 },
    ],
    [
      { value: "b80", amount: 80, cost: 0 },
      { value: "b40", amount: 40, cost: 2 },
    ],
  ];
  const chosen = (budget: number) => allocate(items, budget, String).choices.map(({ value }) => value);
  expect(chosen(88)).toEqual(["a8", "b80"]);
  expect(chosen(87)).toEqual(["a8", "b40"]);
  expect(chosen(47)).toEqual(["a4", "b40"]);
});
