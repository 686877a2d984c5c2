import { expect, test } from "vitest";
import { UsageError } from "../../errors.js";
import type { LayerCosts } from "./layer-costs.js";
import { withinBits } from "./within-bits.js";

const measured = { 2: 0.16, 3: 0.04, 4: 0.01 };
const layer = (name: string, factor: number): LayerCosts => ({
  layer: name,
  parameters: 10,
  elements: 100,
  weights: measured,
  activations: Object.fromEntries(Object.entries(measured).map(([bits, cost]) => [bits, factor * cost])),
});
const costs = [layer("sensitive", 10), layer("robust", 1)];

test("a mean between two bit widths is kept, and the layer that suffers more gets more", () => {
  const { layers, fronts } = withinBits(costs, { weights: 3.5, activations: 3.5 });
  expect(layers.map(({ activations }) => activations)).toEqual([4, 3]);
  expect(fronts[1]!.chosen.amount).toBeCloseTo(3.5, 9);
  expect(fronts[1]!.chosen.divergence).toBeCloseTo(0.1 + 0.04, 12);
  expect(fronts[0]!.chosen.amount).toBeCloseTo(3.5, 9);
});

test("the widest bit width within the budget for all layers is shown beside it", () => {
  const { fronts } = withinBits(costs, { weights: 2.9, activations: 3.5 });
  expect(fronts[0]!.uniform).toEqual({ amount: 2, divergence: 0.32 });
  expect(fronts[1]!.uniform!.amount).toBe(3);
  expect(fronts[1]!.uniform!.divergence).toBeCloseTo(0.44, 12);
});

test("a budget below the narrowest bit width is refused, with what can be had", () => {
  const narrow = () => withinBits(costs, { weights: 3, activations: 1.5 });
  expect(narrow).toThrow(UsageError);
  expect(narrow).toThrow("activations of 1.50 bits on average cannot be reached; the narrowest bit widths give 2.00.");
});
