import { beforeAll, expect, test } from "vitest";
import { UsageError } from "../../errors.js";
import { Random } from "../../random.js";
import { kitchenSink, randomTensor } from "../../testing/networks.js";
import { Check } from "../check.js";
import { insertFakeQuant } from "../insert.js";
import { type MixedBudget, mixedPrecision } from "./mixed-precision.js";

const graph = kitchenSink(7);
const images = [randomTensor(new Random(3), [16, 3, 16, 16], 1)];
const calibration = {
  images: 16,
  batches: async function* () {
    yield* images;
  },
};
const policy = { weights: 4, activations: 4 };
let check: Check;
beforeAll(async () => {
  const apart = { batches: images, labels: new Int32Array(16), classes: 1, disjoint: true };
  check = await Check.of(graph, apart, { threads: 1 });
});

const chosen = (budget: MixedBudget, bitWidths: readonly number[], onProgress?: (done: number, of: number) => void) =>
  mixedPrecision(graph, calibration, check, {
    policy,
    seed: 0,
    budget,
    bitWidths,
    threads: 1,
    ...(onProgress ? { onProgress } : {}),
  });

test("bit widths go where they help, within the budget, and make a valid policy", async () => {
  const { layers, costs, fronts } = await chosen({ kind: "bits", weights: 4, activations: 5 }, [2, 4, 8]);
  const mean = (key: "weights" | "activations", size: "parameters" | "elements") =>
    layers.reduce((sum, each, i) => sum + each[key]! * costs[i]![size], 0) /
    costs.reduce((sum, each) => sum + each[size], 0);
  expect(mean("weights", "parameters")).toBeLessThanOrEqual(4);
  expect(mean("activations", "elements")).toBeLessThanOrEqual(5);
  expect(new Set(layers.map(({ weights }) => weights)).size).toBeGreaterThan(1);
  expect(layers.map(({ pattern }) => pattern)).not.toContain("stem");
  expect(fronts.map(({ unit }) => unit)).toEqual(["bits per weight", "bits per activation"]);
  const sumOf = (kind: "weights" | "activations", bits: (i: number) => number) =>
    costs.reduce((sum, each, i) => sum + each[kind][bits(i)]!, 0);
  for (const [i, kind] of (["weights", "activations"] as const).entries()) {
    const { chosen, uniform } = fronts[i]!;
    expect(chosen.divergence).toBeCloseTo(
      sumOf(kind, (at) => layers[at]![kind]!),
      12,
    );
    expect(chosen.amount).toBeCloseTo(mean(kind, kind === "weights" ? "parameters" : "elements"), 12);
    expect(uniform).toEqual({ amount: 4, divergence: sumOf(kind, () => 4) });
    expect(chosen.divergence).toBeLessThan(uniform!.divergence);
  }
  for (const { points } of fronts) {
    expect(points.length).toBeGreaterThan(2);
    expect(points.at(-1)!.amount).toBeCloseTo(2);
  }
  for (const { weights } of costs) expect(weights[8]).toBeLessThan(weights[2]!);
  insertFakeQuant(graph, { ...policy, layers });
});

test("a mean of one whole bit width is reached exactly", async () => {
  const { layers } = await chosen({ kind: "bits", weights: 2, activations: 8 }, [2, 8]);
  expect(new Set(layers.map(({ weights }) => weights))).toEqual(new Set([2]));
  await expect(chosen({ kind: "bits", weights: 3, activations: 8 }, [4, 8])).rejects.toThrow(
    /weights of 3.00 bits on average cannot be reached; the narrowest bit widths give 4.00/,
  );
});

test("a time budget is kept by the engine's own times: bit widths of least divergence where there is time, none where there is not", async () => {
  const seen: number[][] = [];
  const { layers, costs, fronts } = await chosen({ kind: "time", milliseconds: 1e4 }, [4, 8], (...at) => seen.push(at));
  const steps = 2 * costs.length + 4;
  expect(seen.map(([done]) => done)).toEqual(Array.from({ length: steps }, (_, i) => i + 1));
  expect(new Set(seen.map(([, of]) => of))).toEqual(new Set([steps]));
  const [front] = fronts;
  const divergence = layers.reduce(
    (sum, { weights, activations }, i) => sum + costs[i]!.weights[weights!]! + costs[i]!.activations[activations!]!,
    0,
  );
  expect(fronts.length).toBe(1);
  expect(front!.unit).toBe("ms per image");
  expect(divergence).toBeCloseTo(front!.points[0]!.divergence, 12);
  expect(front!.chosen).toEqual(front!.points[0]);
  expect(front!.uniform).toBeUndefined();
  expect(front!.points.every(({ amount }) => amount > 0)).toBe(true);
  const refused = chosen({ kind: "time", milliseconds: 1e-6 }, [4, 8]);
  await expect(refused).rejects.toThrow(UsageError);
  await expect(refused).rejects.toThrow(
    /0.000001 ms per image cannot be reached on this machine; the fastest bit widths/,
  );
});
