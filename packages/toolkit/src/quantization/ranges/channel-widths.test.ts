import { float32, GraphBuilder, type Tensor } from "@subbyte/graph";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Random } from "../../random.js";
import { ChannelErrors, ChannelSamples, channelImportance, channelStep } from "./channel-widths.js";

/** `[8, channels, 16, 16]`, channel c the absolute values of a normal distribution of deviation `spreads[c]`. */
function activations(spreads: readonly number[], seed = 1): Tensor {
  const random = new Random(seed);
  const shape = [8, spreads.length, 16, 16];
  const data = new Float32Array(8 * spreads.length * 256);
  for (let i = 0; i < data.length; i++)
    data[i] = spreads[Math.floor(i / 256) % spreads.length]! * Math.abs(random.normal());
  return float32(data, shape);
}

function sampled(spreads: readonly number[]): ChannelSamples {
  const samples = new ChannelSamples("layer", 8);
  samples.add(activations(spreads));
  return samples;
}

const ones = (count: number) => new Float64Array(count).fill(1);
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

/** Sum of the channels' mean squared errors at one step. */
function errorOf(samples: ChannelSamples, step: number, bits: readonly number[], importance: Float64Array): number {
  let sum = 0;
  bits.forEach((width, c) => {
    const values = samples.channel(c);
    let squares = 0;
    for (const x of values) squares += (x - step * Math.min(Math.round(x / step), 2 ** width - 1)) ** 2;
    sum += (importance[c]! * squares) / values.length;
  });
  return sum;
}

test("samples of a channel are values of that channel, spread over the images", () => {
  const shape = [4, 3, 8, 8];
  const samples = new ChannelSamples("layer", 4);
  samples.add(
    float32(
      Float32Array.from({ length: 4 * 3 * 64 }, (_, i) => Math.floor(i / 64)),
      shape,
    ),
  );
  expect(samples.count).toBe(2048);
  expect(samples.negative).toBe(false);
  for (let c = 0; c < 3; c++)
    expect([...new Set(samples.channel(c))]).toEqual([0, 1, 2, 3].map((image) => 3 * image + c));
  samples.add(float32([-1], [1, 1]));
  expect(samples.negative).toBe(false); // Full: nothing more is looked at.
  const signed = new ChannelSamples("layer", 1);
  signed.add(float32([-1, 2], [1, 2]));
  expect(signed.negative).toBe(true);
});

test("channels of larger values get more bits, those of none the fewest, and the mean is kept", () => {
  const spreads = [0, 0.1, 0.4, 1, 3, 8];
  const widths = new ChannelErrors(sampled(spreads), ones(6)).within(3.5).widths;
  expect(mean(widths)).toBeLessThanOrEqual(3.5);
  expect(mean(widths)).toBeGreaterThan(3);
  expect(widths[0]).toBe(0);
  expect([...widths].sort()).toEqual(widths);
  expect(widths[4]).toBeGreaterThan(widths[1]!);
});

test("a channel that the weights hardly read gets few bits", () => {
  const widths = new ChannelErrors(sampled([1, 1, 1, 1]), Float64Array.of(1, 1, 1, 1e-4)).within(3.5).widths;
  expect(widths[3]).toBeLessThan(Math.min(...widths.slice(0, 3)));
});

test("widths of channels have less error than one width on the best step", () => {
  const spreads = fc.array(fc.double({ min: 0.05, max: 8, noNaN: true }), { minLength: 2, maxLength: 6 });
  fc.assert(
    fc.property(spreads, fc.constantFrom(3, 4), (each, bits) => {
      const samples = sampled(each);
      const importance = ones(each.length);
      const error = (widths: readonly number[]) =>
        errorOf(samples, channelStep(samples, importance, widths), widths, importance);
      const chosen = new ChannelErrors(samples, importance).within(bits).widths;
      // Steps for the choice are coarser than those of the comparison.
      expect(error(chosen)).toBeLessThanOrEqual(1.01 * error(each.map(() => bits)));
    }),
    { numRuns: 25 },
  );
});

test("the step has the least error of all that lie around it", () => {
  const samples = sampled([0.2, 1, 3]);
  const importance = Float64Array.of(3, 1, 0.5);
  const bits = [2, 3, 4];
  const step = channelStep(samples, importance, bits);
  expect(Math.fround(step)).toBe(step);
  const best = errorOf(samples, step, bits, importance);
  for (const factor of [0.5, 0.8, 0.95, 1.05, 1.25, 2])
    expect(best).toBeLessThanOrEqual(errorOf(samples, factor * step, bits, importance));
  expect(channelStep(sampled([0, 0]), ones(2), [2, 3])).toBe(1);
});

test("importance is the sum of squares of the weights that read a channel, with groups too", () => {
  const b = new GraphBuilder("layers");
  const x = b.input("x", "float32", ["N", 4, 4, 4]);
  const weights = float32([1, 2, 3, 4, 5, 6, 7, 8], [4, 2, 1, 1]);
  const grouped = b.op("Conv", [x, b.constant(weights, "w")], { group: 2 }, { name: "grouped" });
  b.output(grouped);
  const [node] = b.build().nodes;
  expect([...channelImportance(node!, weights)]).toEqual([1 + 9, 4 + 16, 25 + 49, 36 + 64]);
});
