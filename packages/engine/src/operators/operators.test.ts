import { describe, expect, test } from "vitest";
import { naiveRound } from "../../test/naive.js";
import { program, Random, randomWeights, tensor } from "../../test/programs.js";
import type { Operator, QuantizedTensor } from "../program/program.js";
import { createReference } from "../reference/reference.js";

const f = Math.fround;
const clamp = (v: number, lo: number, hi: number) => Math.min(Math.max(v, lo), hi);

/** Runs operators over codes of the first tensor and returns the codes of the last tensor in `tensors`. */
function run(tensors: readonly QuantizedTensor[], operators: readonly Operator[], codes: Uint8Array): number[] {
  const last = tensors.length - 1;
  const size = tensors[last]!.shape.reduce((product, n) => product * n, 1);
  const flat = { ...tensors[last]!, name: "flat", shape: [size] };
  const all = [
    ...operators,
    { op: "reshape", name: "flatten", input: last, output: last + 1 } as const,
    { op: "dequantize", name: "logits", input: last + 1 } as const,
  ];
  let result: number[] = [];
  const trace = (_: Operator, i: number, y: Uint8Array | Float32Array) => {
    if (i === operators.length - 1) result = [...y];
  };
  createReference(program([...tensors, flat], all), { trace }).runCodes(codes);
  return result;
}

const windows = { kernel: [2, 2], strides: [2, 2], pads: [0, 0, 0, 0], dilations: [1, 1] } as const;

describe("max pooling", () => {
  const x = tensor("x", [1, 3, 3], { zeroPoint: 200 });
  const codes = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9);
  const pooled = (shape: number[], change: object) =>
    run(
      [x, { ...x, name: "y", shape }],
      [{ op: "maxPool", name: "p", input: 0, output: 1, ...windows, ...change }],
      codes,
    );

  test("padded elements do not take part, whatever the zero point", () => {
    expect(pooled([1, 2, 2], { pads: [1, 1, 0, 0] })).toEqual([1, 3, 7, 9]);
  });
  test("sizes rounded down and up", () => {
    expect(pooled([1, 1, 1], {})).toEqual([5]);
    expect(pooled([1, 2, 2], {})).toEqual([5, 6, 8, 9]);
  });
  test("dilated", () => {
    expect(pooled([1, 1, 1], { dilations: [2, 2] })).toEqual([9]);
  });
  test("a window outside the image, and other sizes, are refused", () => {
    expect(() => pooled([1, 3, 2], { pads: [2, 0, 0, 1] })).toThrow("operators[0].pads: window 0 along an axis of 3");
    expect(() => pooled([1, 3, 3], {})).toThrow(
      "operators[0].output: must have 1 or 2 windows along an axis of 3, has 3",
    );
  });
});

describe("average pooling", () => {
  const x = tensor("x", [1, 3, 3], { zeroPoint: 3, scale: 0.5 });
  const y = tensor("y", [1, 2, 2], { zeroPoint: 10, scale: 0.25 });
  const codes = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9);
  const op = { op: "averagePool", name: "p", input: 0, output: 1, lo: 0, hi: 255, ...windows } as const;
  const pooled = (change: object) => {
    const { dilations: _, ...rest } = { ...op, ...change };
    return run([x, y], [{ countIncludePad: false, ...rest } as Operator], codes);
  };

  test("the divisor is the elements inside, or the padding too", () => {
    // Codes less zero point, ·2 for the scales: −4 −2 0 / 2 4 6 / 8 10 12. Windows with one row and column of padding.
    expect(pooled({ pads: [1, 1, 0, 0] })).toEqual([10 - 4, 10 - 1, 10 + 5, 10 + 8]);
    expect(pooled({ pads: [1, 1, 0, 0], countIncludePad: true })).toEqual([
      10 - 1,
      10 + naiveRound(-0.5),
      10 + naiveRound(2.5),
      10 + 8,
    ]);
  });
  test("rounding up adds positions that no divisor counts", () => {
    expect(pooled({ countIncludePad: true })).toEqual([10 + 0, 10 + 3, 10 + 9, 10 + 12]);
  });
  test("over the whole map, to a vector", () => {
    const vector = { ...y, shape: [1] };
    const { dilations: _, ...rest } = op;
    const whole = { ...rest, kernel: [3, 3], strides: [1, 1], countIncludePad: false } as const;
    expect(run([x, vector], [whole], codes)).toEqual([10 + 4]);
  });
  test("m rounds twice: fround(fround(s_x / s_y) / N)", () => {
    const random = new Random(3);
    const a = tensor("x", [1, 7, 7], { scale: f(0.1), zeroPoint: 1 });
    for (let i = 0; i < 200; i++) {
      const b = tensor("y", [1], { scale: f(0.0003 + 0.001 * random.next()), zeroPoint: 0 });
      const data = random.bytes(49, 3);
      const { dilations: _, ...rest } = op;
      const whole = { ...rest, kernel: [7, 7], strides: [1, 1], countIncludePad: false } as const;
      const acc = data.reduce((sum, code) => sum + code, 0) - 49;
      const expected = clamp(naiveRound(f(acc * f(f(a.scale / b.scale) / 49))), 0, 255);
      expect(run([a, b], [whole], data)).toEqual([expected]);
    }
  });
});

test("rescale is rule 5 on q − z for every code and bit width", () => {
  const random = new Random(1);
  for (const from of [2, 3, 5, 8])
    for (const to of [2, 4, 7, 8]) {
      const count = 2 ** from;
      const x = tensor("x", [1, 1, count], { bits: from, scale: f(0.3), zeroPoint: random.integer(0, count - 1) });
      const y = tensor("y", [1, 1, count], { bits: to, scale: f(0.11), zeroPoint: random.integer(0, 2 ** to - 1) });
      const codes = Uint8Array.from({ length: count }, (_, q) => q);
      const op: Operator = { op: "rescale", name: "r", input: 0, output: 1, lo: 0, hi: 2 ** to - 1 };
      const expected = [...codes].map((q) =>
        clamp(naiveRound(f(f(q - x.zeroPoint) * f(x.scale / y.scale))) + y.zeroPoint, 0, 2 ** to - 1),
      );
      expect(run([x, y], [op], codes)).toEqual(expected);
    }
});

test("add is rule 6 on two stored tensors", () => {
  const random = new Random(2);
  const x = tensor("x", [1, 16, 16], { scale: f(0.07), zeroPoint: 31 });
  const a = tensor("a", [1, 16, 16], { bits: 4, scale: f(0.9), zeroPoint: 5 });
  const y = tensor("y", [1, 16, 16], { bits: 6, scale: f(0.31), zeroPoint: 33 });
  const codes = random.bytes(256);
  const narrow: Operator = { op: "rescale", name: "r", input: 0, output: 1, lo: 0, hi: 15 };
  const small = run([x, a], [narrow], codes);
  const expected = [...codes].map((q, i) => {
    const left = f(f(q - x.zeroPoint) * f(x.scale / y.scale));
    const right = f(f(small[i]! - a.zeroPoint) * f(a.scale / y.scale));
    return clamp(naiveRound(f(left + right)) + y.zeroPoint, 33, 63);
  });
  expect(run([x, a, y], [narrow, { op: "add", name: "s", inputs: [0, 1], output: 2, lo: 33, hi: 63 }], codes)).toEqual(
    expected,
  );
});

describe("operators that move codes", () => {
  const x = tensor("x", [3, 2, 4], { bits: 5, zeroPoint: 17 });
  const codes = Uint8Array.from({ length: 24 }, (_, i) => i);
  const at = (c: number, h: number, w: number) => codes[(c * 2 + h) * 4 + w]!;
  const to = (shape: number[]) => [x, { ...x, name: "y", shape }];
  const shaped = (shape: readonly [number, number, number], value: (c: number, h: number, w: number) => number) => {
    const [c, h, w] = shape;
    return Array.from({ length: c * h * w }, (_, i) => value(Math.floor(i / (h * w)), Math.floor(i / w) % h, i % w));
  };

  test("slice", () => {
    const op: Operator = { op: "slice", name: "s", input: 0, output: 1, starts: [1, 0, 1], steps: [1, 2, 2] };
    expect(run(to([2, 1, 2]), [op], codes)).toEqual(shaped([2, 1, 2], (c, h, w) => at(1 + c, 2 * h, 1 + 2 * w)));
    expect(() => run(to([3, 1, 2]), [op], codes)).toThrow("operators[0].output: reads element 3 of axis 0");
  });
  test("pad", () => {
    const op: Operator = { op: "pad", name: "p", input: 0, output: 1, before: [1, 0, 2], after: [0, 1, 1] };
    const inside = (c: number, h: number, w: number) => c >= 1 && h < 2 && w >= 2 && w < 6;
    const expected = shaped([4, 3, 7], (c, h, w) => (inside(c, h, w) ? at(c - 1, h, w - 2) : 17));
    expect(run(to([4, 3, 7]), [op], codes)).toEqual(expected);
  });
  test("transpose", () => {
    const op: Operator = { op: "transpose", name: "t", input: 0, output: 1, permutation: [2, 0, 1] };
    expect(run(to([4, 3, 2]), [op], codes)).toEqual(shaped([4, 3, 2], (a, b, c) => at(b, c, a)));
    expect(() => run(to([4, 3, 2]), [{ ...op, permutation: [2, 2, 1] }], codes)).toThrow("must name every axis once");
  });
  test("concat", () => {
    const op: Operator = { op: "concat", name: "c", inputs: [0, 0], output: 1 };
    expect(run(to([6, 2, 4]), [op], codes)).toEqual([...codes, ...codes]);
    const other = [x, { ...x, name: "y", shape: [6, 2, 4], zeroPoint: 16 }];
    expect(() => run(other, [op], codes)).toThrow('moves codes, but zeroPoint of "x" is 17 and of "y" 16');
  });
  test("table", () => {
    const table = Uint8Array.from({ length: 32 }, (_, q) => (q * 7) % 32);
    const op: Operator = { op: "table", name: "t", input: 0, output: 1, table };
    expect(run(to([3, 2, 4]), [op], codes)).toEqual([...codes].map((q) => table[q]));
    expect(() => run(to([3, 2, 4]), [{ ...op, table: table.subarray(1) }], codes)).toThrow("must have 32 entries");
  });
});

test("linear gives codes by rule 5 and logits by rule 10", () => {
  const random = new Random(8);
  const x = tensor("x", [1, 5, 7], { bits: 6, scale: f(0.03), zeroPoint: 21 });
  const flat = { ...x, name: "flat", shape: [35] };
  const y = tensor("y", [9], { bits: 3, scale: f(0.9), zeroPoint: 5 });
  const codes = random.bytes(35, 63);
  const weights = randomWeights(random, [9, 35], 5);
  const bias = Int32Array.from({ length: 9 }, () => random.integer(-99, 99));
  const sums = Array.from({ length: 9 }, (_, o) =>
    codes.reduce((sum, q, k) => sum + weights.codes[o * 35 + k]! * (q - 21), bias[o]!),
  );
  const flatten: Operator = { op: "reshape", name: "f", input: 0, output: 1 };
  const hidden: Operator = { op: "linear", name: "l", input: 1, output: 2, weights, bias, lo: 1, hi: 6 };
  expect(run([x, flat, y], [flatten, hidden], codes)).toEqual(
    sums.map((acc, o) => clamp(naiveRound(f(f(acc) * f(f(x.scale * weights.scales[o]!) / y.scale))) + 5, 1, 6)),
  );
  const logits = createReference(
    program([x, flat], [flatten, { op: "linear", name: "l", input: 1, weights, bias }]),
  ).runCodes(codes);
  expect([...logits]).toEqual(sums.map((acc, o) => f(f(acc) * f(x.scale * weights.scales[o]!))));
});
