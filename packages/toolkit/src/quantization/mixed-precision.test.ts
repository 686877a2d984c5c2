import fc from "fast-check";
import { expect, test } from "vitest";
import { UsageError } from "../errors.js";
import { Random } from "../random.js";
import { kitchenSink, randomTensor } from "../testing/networks.js";
import { Check } from "./check.js";
import { insertFakeQuant } from "./insert.js";
import { allocate, mixedPrecision } from "./mixed-precision.js";

/** Cost and mean bits of every choice. */
function choices(items: Parameters<typeof allocate>[0]): { bits: number[]; mean: number; cost: number }[] {
  const total = items.reduce((sum, { size }) => sum + size, 0);
  return items.reduce<{ bits: number[]; mean: number; cost: number }[]>(
    (all, { size, costs }) =>
      all.flatMap(({ bits, mean, cost }) =>
        Object.entries(costs).map(([width, each]) => ({
          bits: [...bits, Number(width)],
          mean: mean + (Number(width) * size) / total,
          cost: cost + each,
        })),
      ),
    [{ bits: [], mean: 0, cost: 0 }],
  );
}

const item = fc
  .record({
    size: fc.integer({ min: 1, max: 50 }),
    drops: fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 4, maxLength: 4 }),
  })
  .map(({ size, drops }) => {
    const costs: Record<number, number> = {};
    let cost = 0;
    [8, 6, 4, 2].forEach((bits, i) => {
      cost += drops[i]!;
      costs[bits] = cost;
    });
    return { size, costs };
  });

test("an allocation keeps the budget, and no choice is better by more than the bits of one step", () => {
  fc.assert(
    fc.property(
      fc.array(item, { minLength: 1, maxLength: 4 }),
      fc.double({ min: 2, max: 8, noNaN: true }),
      (items, budget) => {
        const { bits, front } = allocate(items, budget, "weights");
        const total = items.reduce((sum, { size }) => sum + size, 0);
        const mean = bits.reduce((sum, width, i) => sum + width * items[i]!.size, 0) / total;
        expect(mean).toBeLessThanOrEqual(budget + 1e-9);
        const cost = bits.reduce((sum, width, i) => sum + items[i]!.costs[width]!, 0);
        const all = choices(items);
        // Points of the front are optimal for their own budget.
        for (const point of front) {
          const best = Math.min(...all.filter((each) => each.mean <= point.bits + 1e-9).map((each) => each.cost));
          expect(point.divergence).toBeLessThanOrEqual(best + 1e-6);
        }
        // Between two points of the front the wider one bounds what any choice can reach.
        const reachable = front.filter((point) => point.bits <= budget).map(({ divergence }) => divergence);
        expect(cost).toBeLessThanOrEqual(Math.min(...reachable) + 1e-6);
      },
    ),
    { numRuns: 40 },
  );
});

test("a budget below the narrowest widths is refused", () => {
  expect(() => allocate([{ size: 3, costs: { 8: 0, 4: 1 } }], 3, "weights")).toThrow(UsageError);
});

test("widths go where they help, within the budget, and make a valid policy", async () => {
  const graph = kitchenSink(7);
  const images = [randomTensor(new Random(3), [16, 3, 16, 16], 1)];
  const calibration = {
    images: 16,
    batches: async function* () {
      yield* images;
    },
  };
  const check = await Check.of(
    graph,
    { batches: images, labels: new Int32Array(16), classes: 1, disjoint: true },
    { threads: 1 },
  );
  const policy = { weights: 4, activations: 4 };
  const { layers, costs, front } = await mixedPrecision(graph, calibration, check, {
    policy,
    seed: 0,
    weightBits: 4,
    activationBits: 5,
    widths: [2, 4, 8],
    threads: 1,
  });
  const mean = (key: "weights" | "activations", size: "parameters" | "elements") =>
    layers.reduce((sum, each, i) => sum + each[key]! * costs[i]![size], 0) /
    costs.reduce((sum, each) => sum + each[size], 0);
  expect(mean("weights", "parameters")).toBeLessThanOrEqual(4);
  expect(mean("activations", "elements")).toBeLessThanOrEqual(5);
  expect(new Set(layers.map(({ weights }) => weights)).size).toBeGreaterThan(1);
  expect(layers.map(({ pattern }) => pattern)).not.toContain("stem");
  expect(front.weights.length).toBeGreaterThan(2);
  for (const { weights } of costs) expect(weights[8]).toBeLessThan(weights[2]!);
  insertFakeQuant(graph, { ...policy, layers });
});
