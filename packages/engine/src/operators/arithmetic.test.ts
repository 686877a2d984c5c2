import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { naiveRound } from "../../test/naive.js";
import { averageMultiplier, channelMultipliers, rescaleMultiplier, roundHalfToEven, toCode } from "./arithmetic.js";

const f = Math.fround;

test("roundHalfToEven, the table of its docstring and the edges of float32", () => {
  const table: [number, number][] = [
    [-2.5, -2],
    [-1.5, -2],
    [-0.5, 0],
    [0.5, 0],
    [1.5, 2],
    [2.5, 2],
    [f(2.5000002), 3],
    [f(0.49999997), 0],
    [4194303.5, 4194304],
    [4194304.5, 4194304],
    [8388607.5, 8388608],
    [-8388606.5, -8388606],
    [2 ** 24 + 2, 2 ** 24 + 2],
    [-(2 ** 95), -(2 ** 95)],
    [2 ** 51, 2 ** 51],
  ];
  for (const [v, rounded] of table) expect(roundHalfToEven(v)).toBe(rounded);
});

test("roundHalfToEven equals the comparison of distances for any float32", () => {
  fc.assert(
    fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (v) => naiveRound(v) === roundHalfToEven(v)),
  );
  const half = fc.integer({ min: -(2 ** 22), max: 2 ** 22 }).map((n) => n + 0.5);
  fc.assert(fc.property(half, (v) => naiveRound(v) === roundHalfToEven(v)));
});

describe("toCode", () => {
  test.each([
    // v, zero point, lo, hi, code
    [-2.5, 3, 0, 4, 1],
    [-1.5, 3, 0, 4, 1],
    [0.5, 3, 0, 4, 3],
    [1.5, 3, 0, 4, 4],
    [2.5, 0, 0, 255, 2],
    [2.5, 1, 0, 255, 3], // rounded before the odd zero point is added: 2 + 1, not rne(3.5) = 4
    [3.5, 1, 0, 255, 5],
    [-0.5, 128, 128, 255, 128], // ReLU
    [-9, 128, 128, 255, 128],
    [f(1e30), 3, 0, 15, 15],
    [-f(1e30), 3, 0, 15, 0],
    [7.6, 0, 0, 7, 7],
    [100, 5, 9, 9, 9],
  ])("of %d with zero point %d in [%d, %d] is %d", (v, z, lo, hi, code) => expect(toCode(v, z, lo, hi)).toBe(code));

  test("equals clamp(rne(v) + z, lo, hi) at every bit width", () => {
    const bitWidths = fc
      .integer({ min: 2, max: 8 })
      .chain((bits) =>
        fc
          .tuple(...[0, 1, 2].map(() => fc.integer({ min: 0, max: 2 ** bits - 1 })))
          .map((values) => values as number[]),
      );
    const values = fc.oneof(
      fc.float({ noNaN: true }),
      fc.integer({ min: -1200, max: 1200 }).map((n) => n / 4),
    );
    fc.assert(
      fc.property(bitWidths, values, ([z, a, b], v) => {
        const [lo, hi] = [Math.min(a!, b!), Math.max(a!, b!)];
        const rounded = Number.isFinite(v) ? naiveRound(v) : v;
        expect(toCode(v, z!, lo, hi)).toBe(Math.min(Math.max(rounded + z!, lo), hi));
      }),
      { numRuns: 500 },
    );
  });
});

test("multipliers round once an operation, in the order of the rules", () => {
  const sx = f(0.1);
  const sw = f(0.3);
  const sy = f(0.7);
  expect(channelMultipliers(sx, Float32Array.of(sw), sy)[0]).toBe(f(f(sx * sw) / sy));
  expect(averageMultiplier(sx, sy, 49)).toBe(f(f(sx / sy) / 49));
  expect(rescaleMultiplier(sx, sy)).toBe(f(sx / sy));
  // Where the order shows: one rounding less gives another float.
  const scales = Array.from({ length: 200 }, (_, i) => f(0.01 + i * 0.0037));
  expect(scales.some((s) => f(f(sx * s) / sy) !== f((sx * s) / sy))).toBe(true);
  expect(scales.some((s) => f(f(s / sy) / 49) !== f(s / sy / 49))).toBe(true);
});
