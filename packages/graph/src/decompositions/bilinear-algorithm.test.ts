import { describe, expect, test } from "vitest";
import { random } from "../../test/runtime.js";
import { correlation3, imageTransform, kronecker, type Matrix } from "./bilinear-algorithm.js";

const times = ({ rows, columns, data }: Matrix, x: readonly number[]): number[] =>
  Array.from({ length: rows }, (_, i) => x.reduce((sum, value, j) => sum + data[i * columns + j] * value, 0 * columns));

const transposed = ({ rows, columns, data }: Matrix): Matrix => ({
  rows: columns,
  columns: rows,
  data: data.map((_, at) => data[(at % rows) * columns + Math.floor(at / rows)]),
});

describe.each([1, 2] as const)("correlation with three taps, stride %i", (stride) => {
  test.each([2, 3, 4, 5, 6, 7, 8, 9, 13, 16, 17, 32])("over %i elements", (length) => {
    const next = random(length);
    const draw = (count: number) => Array.from({ length: count }, () => next() * 2 - 1);
    // Without and with a zero behind the line.
    for (const behind of [0, 1]) {
      const outputs = Math.floor((length + 1 + behind - 3) / stride) + 1;
      if (outputs < 1) continue;
      const { products, tiles, input, output, filter } = correlation3(length, outputs, stride);
      const [x, w] = [draw(length), draw(3)];
      const [bx, gw] = [times(input, x), times(filter, w)];
      expect(bx.length).toBe(products * tiles);
      const y = times(
        transposed(output),
        bx.map((value, row) => value * gw[Math.floor(row / tiles)]),
      );
      y.forEach((value, p) => {
        const direct = w.reduce((sum, tap, k) => sum + tap * (x[stride * p + k - 1] ?? 0), 0);
        expect(value).toBeCloseTo(direct, 12);
      });
    }
  });
});

test("multiplications: 6 for 4 outputs, 3 for 2, and with stride 2 9 for 4, 5 for 2", () => {
  const count = (length: number, outputs: number, stride: 1 | 2) => correlation3(length, outputs, stride).input.rows;
  expect([count(4, 4, 1), count(2, 2, 1), count(8, 4, 2), count(4, 2, 2)]).toEqual([6, 3, 9, 5]);
});

test("the transform of an image is that of its columns and rows", () => {
  const height = correlation3(5, 5, 1);
  const width = correlation3(3, 3, 1);
  const line = (algorithm: typeof height) => ({ ...algorithm, transform: algorithm.input });
  const { rows, columns, data } = imageTransform(line(height), line(width));
  expect([rows, columns]).toEqual([height.input.rows * width.input.rows, 15]);
  // Row (a, b, i, j) = product of row (a, i) and row (b, j): the Kronecker product up to the order of rows.
  const kron = kronecker(height.input, width.input);
  const [a, i, b, j] = [2, 1, 5, 0];
  const here = ((a * width.products + b) * height.tiles + i) * width.tiles + j;
  const there = (a * height.tiles + i) * width.input.rows + b * width.tiles + j;
  expect(data.slice(here * 15, here * 15 + 15)).toEqual(kron.data.slice(there * 15, there * 15 + 15));
});
