import fc from "fast-check";
import { expect, test } from "vitest";
import { requantize } from "./requantize.js";

test("2 bits leave -1, 0 and 1 steps", () => {
  const { values } = requantize(Float32Array.of(-1, -0.4, 0.4, 0.6, 1), 2);
  expect([...values]).toEqual([-1, -0, 0, 1, 1]);
});

test("a filter of zeros stays, without loss", () => {
  expect(requantize(new Float32Array(4), 4)).toEqual({
    values: new Float32Array(4),
    signalToNoise: Number.POSITIVE_INFINITY,
  });
});

test("errors are at most half a step", () => {
  const weights = fc.float32Array({ minLength: 1, maxLength: 40, min: -8, max: 8, noNaN: true });
  fc.assert(
    fc.property(weights, fc.integer({ min: 2, max: 8 }), (filter, bits) => {
      const step = Math.max(...filter.map(Math.abs)) / (2 ** (bits - 1) - 1);
      const { values } = requantize(filter, bits);
      // float32 rounding of weight and value, relative to the largest magnitude.
      const slack = step * 2 ** (bits - 1) * 2 ** -22;
      for (const [i, value] of values.entries())
        expect(Math.abs(value - filter[i]!)).toBeLessThanOrEqual(step / 2 + slack);
    }),
  );
});
