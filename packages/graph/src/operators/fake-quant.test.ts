import { describe, expect, test } from "vitest";
import { distinctValues } from "../../test/gradient-check.js";
import { gradients } from "../autodiff/gradients.js";
import { inferTypes } from "../inference/infer-types.js";
import { GraphBuilder } from "../ir/builder.js";
import { float32 } from "../ir/tensor.js";
import type { Attributes, Graph, Tensor } from "../ir/types.js";
import { evaluate } from "../reference/interpreter.js";
import { codeRange } from "./fake-quant.js";

const vector = (...values: number[]): Tensor => ({
  dtype: "float64",
  shape: [values.length],
  data: Float64Array.from(values),
});
const scalar = (value: number): Tensor => ({ dtype: "float64", shape: [], data: Float64Array.of(value) });

function fakeQuant(
  x: Tensor,
  scale: Tensor,
  zero: Tensor,
  attributes: Attributes,
  weights?: Tensor,
): [Graph, Map<string, Tensor>] {
  const g = new GraphBuilder("f");
  const names = [
    g.input("x", "float32", x.shape),
    g.input("s", "float32", scale.shape),
    g.input("z", "float32", zero.shape),
  ];
  const y = g.op("FakeQuant", names, attributes, { domain: "subbyte", name: "y" });
  g.output(y);
  if (weights) {
    const product = g.op("Mul", [y, g.input("v", "float32", weights.shape)]);
    g.output(g.op("ReduceSum", [product], { keepdims: 0 }, { name: "loss" }));
  }
  return [g.build(), new Map([["x", x], ["s", scale], ["z", zero], ...(weights ? [["v", weights] as const] : [])])];
}

test("code ranges at every bit width", () => {
  for (let bits = 2; bits <= 8; bits++) {
    const half = 2 ** (bits - 1);
    expect(codeRange({ bits })).toEqual({ qmin: 0, qmax: 2 * half - 1 });
    expect(codeRange({ bits, signed: 1 })).toEqual({ qmin: -half, qmax: half - 1 });
    expect(codeRange({ bits, signed: 1, narrow: 1 })).toEqual({ qmin: 1 - half, qmax: half - 1 });
  }
});

describe("rounding, then the zero point, then clamping", () => {
  // x / s lies at ties, between them and at the limits; s = 0.5.
  const x = vector(-9, -1.25, -0.75, -0.25, 0, 0.25, 0.75, 1.25, 9);
  test.each([
    ["signed 3 bits", { bits: 3, signed: 1 }, 0, [-2, -1, -1, 0, 0, 0, 1, 1, 1.5]],
    ["narrow", { bits: 3, signed: 1, narrow: 1 }, 0, [-1.5, -1, -1, 0, 0, 0, 1, 1, 1.5]],
    ["unsigned 2 bits", { bits: 2 }, 0, [0, 0, 0, 0, 0, 0, 1, 1, 1.5]],
    ["unsigned 2 bits, zero point 1", { bits: 2 }, 1, [-0.5, -0.5, -0.5, 0, 0, 0, 1, 1, 1]],
  ])("%s", (_, attributes, zero, expected) => {
    const [graph, feeds] = fakeQuant(x, scalar(0.5), scalar(zero), attributes);
    expect(Array.from(evaluate(graph, feeds).get("y")!.data, (v) => Number(v) + 0)).toEqual(expected);
  });
});

describe("gradients", () => {
  const cases: readonly [string, Tensor, Tensor, Attributes][] = [
    ["per tensor", scalar(0.13), scalar(0), { bits: 3, signed: 1 }],
    ["zero point", scalar(0.13), scalar(3), { bits: 3 }],
    ["per channel", vector(0.1, 0.19, 0.31), vector(0, 0, 0), { bits: 3, signed: 1, narrow: 1, axis: 0 }],
    ["per channel, axis −1", vector(0.2, 0.05, 0.31, 0.17), vector(1, 2, 0, 7), { bits: 3, axis: -1 }],
  ];
  test.each(cases)("straight through inside the range, and LSQ's scale gradient: %s", (_, scale, zero, attributes) => {
    const x = distinctValues([3, 5, 4], 3);
    const v = distinctValues([3, 5, 4], 4);
    const [graph, feeds] = fakeQuant(x, scale, zero, { ...attributes, learnable: 1 }, v);
    const request = { loss: "loss", parameters: ["x", "s"] };
    const values = evaluate(gradients(graph, request).graph, feeds);
    const [dx, ds] = [values.get("x.gradient")!, values.get("s.gradient")!];
    expect(ds.shape).toEqual(scale.shape);

    const { qmin, qmax } = codeRange(attributes);
    const channel = (at: number) => (attributes.axis === 0 ? Math.floor(at / 20) : attributes.axis === -1 ? at % 4 : 0);
    // The codes are constant around x, so the true derivative by s is the code; LSQ subtracts x/s where it is inside.
    const h = 1e-7;
    const loss = (c: number, step: number): number => {
      const moved = {
        ...scale,
        data: Float64Array.from(scale.data as Float64Array, (s, i) => s + (i === c ? step : 0)),
      };
      return evaluate(graph, new Map(feeds).set("s", moved)).get("loss")!.data[0] as number;
    };
    const inside = Array.from(x.data as Float64Array, (value, at) => {
      const s = scale.data[channel(at)] as number;
      const z = zero.data[channel(at)] as number;
      return value / s >= qmin - z && value / s <= qmax - z;
    });
    expect(inside).toContain(true);
    expect(inside).toContain(false);
    expect([...dx.data]).toEqual([...v.data].map((value, at) => (inside[at] ? value : 0)));
    scale.data.forEach((s, c) => {
      const direct = (loss(c, h) - loss(c, -h)) / (2 * h);
      const through = inside.reduce(
        (sum, is, at) =>
          sum + (is && channel(at) === c ? ((v.data[at] as number) * (x.data[at] as number)) / Number(s) : 0),
        0,
      );
      expect(ds.data[c]).toBeCloseTo(direct - through, 5);
    });
  });

  test.each([
    ["per tensor", scalar(0.13), scalar(3), { bits: 3 }],
    ["per channel", vector(0.1, 0.05, 0.08, 0.07), vector(1, 2, 3, 4), { bits: 3, axis: -1 }],
  ] as const)(
    "PACT's scale and LSQ+'s zero point learn from clipped values alone: %s",
    (_, scale, zero, attributes) => {
      const x = distinctValues([3, 5, 4], 3);
      const v = distinctValues([3, 5, 4], 4);
      const learnable = { ...attributes, learnable: 2, learnableZeroPoint: 1 };
      const [graph, feeds] = fakeQuant(x, scale, zero, learnable, v);
      const values = evaluate(gradients(graph, { loss: "loss", parameters: ["x", "s", "z"] }).graph, feeds);

      // Where x is clipped, y is s·(qmin − z) or s·(qmax − z), whose derivatives are true ones; elsewhere none of them counts.
      const { qmin, qmax } = codeRange(attributes);
      const channel = (at: number) => ("axis" in attributes ? at % 4 : 0);
      const clipped = (s: readonly number[], z: readonly number[]): number =>
        [...x.data].reduce<number>((sum, value, at) => {
          const c = channel(at);
          const [s0, z0] = [Number(scale.data[c]), Number(zero.data[c])];
          const position = Number(value) / s0;
          const bound = position < qmin - z0 ? qmin : position > qmax - z0 ? qmax : undefined;
          return sum + (bound === undefined ? 0 : Number(v.data[at]) * s[c]! * (bound - z[c]!));
        }, 0);
      const [s, z] = [[...scale.data].map(Number), [...zero.data].map(Number)];
      const h = 1e-6;
      s.forEach((_, c) => {
        const moved = (values: readonly number[], by: number) => values.map((value, i) => value + (i === c ? by : 0));
        const ds = (clipped(moved(s, h), z) - clipped(moved(s, -h), z)) / (2 * h);
        const dz = (clipped(s, moved(z, h)) - clipped(s, moved(z, -h))) / (2 * h);
        expect(ds).not.toBe(0);
        expect(values.get("s.gradient")!.data[c]).toBeCloseTo(ds, 5);
        expect(values.get("z.gradient")!.data[c]).toBeCloseTo(dz, 5);
      });
    },
  );

  test("a fixed zero point is refused as a parameter", () => {
    const [graph] = fakeQuant(vector(1, 2), scalar(0.5), scalar(0), { bits: 4, learnable: 1 }, vector(1, 1));
    expect(() => gradients(graph, { loss: "loss", parameters: ["z"] })).toThrow("zero point that is not learnable");
  });

  test("a fixed scale gets none, and is refused as a parameter", () => {
    const [graph, feeds] = fakeQuant(vector(1, 2), scalar(0.5), scalar(0), { bits: 4 }, vector(1, 1));
    const { graph: out } = gradients(graph, { loss: "loss", parameters: ["x"] });
    expect([...evaluate(out, feeds).get("x.gradient")!.data]).toEqual([1, 1]);
    expect(() => gradients(graph, { loss: "loss", parameters: ["s"] })).toThrow("not learnable");
  });
});

test("refuses bit widths and shapes that are none", () => {
  const [x, one] = [float32([1, 2, 3], [3]), scalar(1)];
  const infer = (scale: Tensor, attributes: Attributes) => inferTypes(fakeQuant(x, scale, scale, attributes)[0]);
  expect(() => infer(one, { bits: 1 })).toThrow("bits is 1");
  expect(() => infer(one, { bits: 9 })).toThrow("bits is 9");
  expect(() => infer(vector(1, 2), { bits: 4, axis: 0 })).toThrow("scale of shape [2]; needed: [3]");
  expect(() => infer(vector(1, 2, 3), { bits: 4 })).toThrow("scale of shape [3]; needed: []");
});
