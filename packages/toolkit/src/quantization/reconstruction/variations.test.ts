import { expect, test } from "vitest";
import { Random } from "../../random.js";
import { createRows } from "./rows.js";
import { drawVariation, type ImageShape } from "./variations.js";

const shape: ImageShape = [2, 16, 24];
const size = 2 * 16 * 24;

/** Image `i` has the values i·10,000 + channel·1,000 + position, except that rows and columns beyond the border do not exist. */
const images = createRows(3, size, { memoryBytes: 1e6 });
for (let i = 0; i < 3; i++)
  images.write(
    i,
    Float32Array.from({ length: size }, (_, k) => 10_000 * i + 1000 * Math.floor(k / 384) + (k % 384)),
  );

const draw = (seed: number) => {
  const values = new Float32Array(size);
  drawVariation(images, shape, Random.derive(seed, "test"), values);
  return values;
};

/** By how much the value at (y, x) was moved, and from which image. */
const origin = (values: Float32Array, c: number, y: number, x: number) => {
  const value = values[(c * 16 + y) * 24 + x]!;
  const position = value % 1000;
  return {
    image: Math.floor(value / 10_000),
    channel: Math.floor((value % 10_000) / 1000),
    down: y - Math.floor(position / 24),
    right: x - (position % 24),
  };
};

test("every value comes from its own channel, moved by at most an eighth of the side, or more where the border is repeated", () => {
  for (let seed = 0; seed < 50; seed++) {
    const values = draw(seed);
    for (let c = 0; c < 2; c++)
      for (let y = 2; y < 14; y++)
        for (let x = 3; x < 21; x++) {
          const from = origin(values, c, y, x);
          expect(from.channel).toBe(c);
          expect(Math.abs(from.down)).toBeLessThanOrEqual(2);
          expect(Math.abs(from.right)).toBeLessThanOrEqual(3);
        }
  }
});

test("about half hold a rectangle of a second image, one quarter to three quarters of each side", () => {
  const sides = new Set<number>();
  let mixed = 0;
  for (let seed = 0; seed < 200; seed++) {
    const values = draw(seed);
    const at = (y: number, x: number) => JSON.stringify([origin(values, 0, y, x).image, origin(values, 1, y, x).image]);
    // A rectangle holds at most one corner.
    const [first, second, third] = [at(0, 0), at(0, 23), at(15, 0)];
    const outside = first === second || first === third ? first : second;
    const rows = Array.from({ length: 16 }, (_, y) => y).filter((y) =>
      Array.from({ length: 24 }, (_, x) => x).some((x) => at(y, x) !== outside),
    );
    if (rows.length === 0) continue;
    mixed++;
    sides.add(rows.length);
    expect(rows.at(-1)! - rows[0]! + 1).toBe(rows.length);
  }
  // One in three rectangles is of the same image, and not seen.
  expect(mixed).toBeGreaterThan(40);
  expect(mixed).toBeLessThan(100);
  expect(Math.min(...sides)).toBeGreaterThanOrEqual(4);
  expect(Math.max(...sides)).toBe(12);
});

test("the same stream draws the same variation", () => {
  expect(draw(5)).toEqual(draw(5));
  expect(draw(5)).not.toEqual(draw(6));
});
