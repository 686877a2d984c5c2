import { float32 } from "@subbyte/graph";
import { expect, test } from "vitest";
import { Random } from "../../random.js";
import { ChannelErrors, ChannelSamples } from "../ranges/channel-widths.js";
import type { LayerCosts } from "./layer-costs.js";
import { widestWithin, withinBits } from "./within-bits.js";

/** Of four channels with values of these deviations. */
function errorsOf(name: string, spreads: readonly number[]): ChannelErrors {
  const random = new Random(1);
  const samples = new ChannelSamples(name, 1);
  const values = Float32Array.from({ length: 4 * 4096 }, (_, i) => spreads[i >> 12]! * Math.abs(random.normal()));
  samples.add(float32(values, [1, 4, 64, 64]));
  return new ChannelErrors(samples, new Float64Array(4).fill(1));
}

const measured = { 2: 0.16, 3: 0.04, 4: 0.01 };
const layer = (name: string, activations: LayerCosts["activations"]): LayerCosts => ({
  layer: name,
  parameters: 10,
  elements: 100,
  weights: measured,
  activations,
});
const widths = [2, 3, 4];
const channelMeans = [2, 2.5, 3, 3.5, 4];
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

test("the widest width within a budget, or the narrowest there is", () => {
  expect([1, 2, 2.9, 3, 7].map((budget) => widestWithin(widths, budget))).toEqual([2, 2, 2, 3, 4]);
});

test("a mean between two widths is kept, and costs scale with the errors of inputs", () => {
  const errors = new Map([["uneven", errorsOf("uneven", [0.1, 1, 1, 6])]]);
  const budget = { weights: 3.5, activations: 3.5 };
  const costs = [layer("uneven", { 3: 0.04 }), layer("whole", measured)];
  const { layers, fronts } = withinBits(costs, { budget, widths, errors, channelMeans });
  const [uneven, whole] = layers;
  expect(whole!.channels).toBeUndefined();
  const bits = [mean(uneven!.channels!), whole!.activations!];
  expect(fronts[1]!.chosen.amount).toBeCloseTo(mean(bits), 9);
  expect(mean(bits)).toBeLessThanOrEqual(3.5);
  const each = errors.get("uneven")!;
  const { error } = channelMeans
    .map((bits) => each.within(bits))
    .find((one) => one.widths.join() === uneven!.channels!.join())!;
  const expected = (0.04 * error) / each.uniform(3) + measured[whole!.activations as 3];
  expect(fronts[1]!.chosen.divergence).toBeCloseTo(expected, 12);
  expect(fronts[1]!.uniform).toEqual({ amount: 3, divergence: 0.08 });
  expect(fronts[0]!.chosen.amount).toBeCloseTo(3.5, 9);
});

test("channels of one width make an entry of one width", () => {
  const errors = new Map([["even", errorsOf("even", [1, 1, 1, 1])]]);
  const options = { budget: { weights: 2, activations: 2 }, widths, errors, channelMeans };
  const { layers, fronts } = withinBits([layer("even", { 2: 0.16 })], options);
  expect(layers).toEqual([{ pattern: "even", weights: 2, activations: 2 }]);
  expect(fronts[1]!.chosen).toEqual({ amount: 2, divergence: 0.16 });
});

test("an input of zeros takes no bits and leaves them to others", () => {
  const errors = new Map([
    ["even", errorsOf("even", [1, 1, 1, 1])],
    ["dead", errorsOf("dead", [0, 0, 0, 0])],
  ]);
  const options = { budget: { weights: 2, activations: 2 }, widths, errors, channelMeans };
  const { layers } = withinBits([layer("even", { 2: 0.16 }), layer("dead", { 2: 0 })], options);
  expect(layers[0]!.activations).toBe(4);
  expect(layers[1]!.channels).toEqual([0, 0, 0, 0]);
});
