import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { UsageError } from "./errors.js";
import { Random } from "./random.js";

const draw = (random: Random, count: number) => Array.from({ length: count }, () => random.uint32());

describe("Random", () => {
  test("is xoshiro128**: the first outputs for state 1, 2, 3, 4", () => {
    expect(draw(Random.fromState([1, 2, 3, 4]), 4)).toEqual([11520, 0, 5927040, 70819200]);
  });

  test("the streams of released versions stay what they were", () => {
    expect(draw(new Random(0), 3)).toEqual(draw(Random.derive(0), 3));
    expect(draw(new Random(42), 3)).toMatchInlineSnapshot(`
      [
        1459307581,
        3933794384,
        1596606745,
      ]
    `);
    expect(draw(Random.derive(42, "shuffle", 3), 3)).toMatchInlineSnapshot(`
      [
        3867389853,
        2174019874,
        193354550,
      ]
    `);
  });

  test("continues from a stored state", () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.nat(50), (seed, skip) => {
        const random = new Random(seed);
        draw(random, skip);
        const state = JSON.parse(JSON.stringify(random.state));
        expect(draw(Random.fromState(state), 20)).toEqual(draw(random, 20));
      }),
    );
  });

  test("derived streams differ for different keys, and texts are no numbers", () => {
    const names = [
      [1],
      [2],
      [1, 0],
      [0, 1],
      [1, 1],
      ["1"],
      [1, "a"],
      [1, "a", "b"],
      [1, "ab"],
      [-1],
      [2 ** 32 + 1],
    ] as const;
    const streams = names.map((keys) => draw(Random.derive(7, ...keys), 4).join());
    expect(new Set(streams).size).toBe(names.length);
  });

  test("uniform and normal have their moments", () => {
    const random = new Random(1);
    const count = 100_000;
    const moments = (next: () => number) => {
      const values = Float64Array.from({ length: count }, next);
      const mean = values.reduce((sum, value) => sum + value, 0) / count;
      const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count;
      return { mean, variance, min: Math.min(...values), max: Math.max(...values) };
    };
    const uniform = moments(() => random.uniform(-1, 3));
    expect(uniform.min).toBeGreaterThanOrEqual(-1);
    expect(uniform.max).toBeLessThan(3);
    expect(Math.abs(uniform.mean - 1)).toBeLessThan(0.02);
    expect(Math.abs(uniform.variance - 16 / 12)).toBeLessThan(0.03);
    const normal = moments(() => random.normal(2, 0.5));
    expect(Math.abs(normal.mean - 2)).toBeLessThan(0.01);
    expect(Math.abs(normal.variance - 0.25)).toBeLessThan(0.01);
  });

  test("integers are fair and within their bound", () => {
    const random = new Random(5);
    const counts = new Array<number>(7).fill(0);
    for (let i = 0; i < 70_000; i++) counts[random.integer(7)]!++;
    const chiSquared = counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
    expect(chiSquared).toBeLessThan(22.5); // 6 degrees of freedom, p = 0.001
    expect(random.integer(1)).toBe(0);
    for (const bound of [0, -1, 1.5, Number.NaN, 2 ** 33]) expect(() => random.integer(bound)).toThrow(UsageError);
  });

  test("a permutation holds every number once", () => {
    fc.assert(
      fc.property(fc.nat(200), fc.integer(), (count, seed) => {
        const sorted = new Random(seed).permutation(count).sort();
        expect(Array.from(sorted)).toEqual(Array.from({ length: count }, (_, i) => i));
      }),
    );
  });

  test("refuses what is no seed and no state", () => {
    for (const seed of [0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60])
      expect(() => new Random(seed)).toThrow(/integer within/);
    for (const state of [
      [0, 0, 0, 0],
      [1, 2, 3],
      [1, 2, 3, -1],
      [1, 2, 3, 0.5],
    ])
      expect(() => Random.fromState(state as never)).toThrow(/random state/);
  });
});
