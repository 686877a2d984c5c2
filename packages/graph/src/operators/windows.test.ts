/** Convolution and pooling over random geometry: the gradient rules against central differences, in the reference only. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { distinctValues, expectGradients } from "../../test/gradient-check.js";
import { inferTypes } from "../inference/infer-types.js";
import { GraphBuilder } from "../ir/builder.js";
import { float32 } from "../ir/tensor.js";
import type { Attributes, Graph, Tensor } from "../ir/types.js";
import { evaluate } from "../reference/interpreter.js";

/** Printed by fast-check when a property fails. */
const SEED = 20240607;
const RUNS = 60;

const pair = (min: number, max: number) => fc.tuple(fc.integer({ min, max }), fc.integer({ min, max }));

const geometry = fc.record({
  image: pair(4, 7),
  kernel_shape: pair(1, 3),
  strides: pair(1, 3),
  dilations: pair(1, 2),
  begins: pair(0, 2),
  ends: pair(0, 2),
  batch: fc.integer({ min: 1, max: 2 }),
  seed: fc.integer({ min: 1, max: 1000 }),
});
type Geometry = typeof geometry extends fc.Arbitrary<infer T> ? T : never;

const windowOf = ({ kernel_shape, strides, dilations, begins, ends }: Geometry): Attributes => ({
  kernel_shape,
  strides,
  dilations,
  pads: [...begins, ...ends],
});

/** y → loss = Σ y·v with random v. The operator's output shape is asked from its reference. */
function check(
  op: string,
  inputs: ReadonlyMap<string, Tensor>,
  attributes: Attributes,
  seed: number,
  outputs = 1,
): void {
  const g = new GraphBuilder(op);
  for (const [name, { shape }] of inputs) g.input(name, "float32", name === "x" ? ["N", ...shape.slice(1)] : shape);
  const [y] = g.node(op, [...inputs.keys()], attributes, { outputs });
  const plain: Graph = { ...g.build(), outputs: [y!] };
  const { shape } = evaluate(plain, inputs).get(y!)!;
  expect(inferTypes(plain).get(y!)!.shape).toEqual(["N", ...shape.slice(1)]);
  const v = g.constant(float32(distinctValues(shape, seed + 7).data as Float64Array, shape));
  g.output(g.op("ReduceSum", [g.op("Mul", [y!, v])], { keepdims: 0 }, { name: "loss" }));
  expectGradients(g.build(), { inputs, loss: "loss", parameters: [...inputs.keys()], seed });
}

test("Conv: strides, pads, dilations and groups", () => {
  const property = fc.property(
    geometry,
    fc.constantFrom([1, 3, 2], [2, 2, 4], [3, 3, 3], [2, 4, 2]),
    (given, [group, channels, outputs]) => {
      const x = distinctValues([given.batch, channels!, ...given.image], given.seed);
      const w = distinctValues([outputs!, channels! / group!, ...given.kernel_shape], given.seed + 1);
      const inputs = new Map([
        ["x", x],
        ["w", w],
        ["b", distinctValues([outputs!], given.seed + 2)],
      ]);
      check("Conv", inputs, { ...windowOf(given), group: group! }, given.seed);
    },
  );
  fc.assert(property, { seed: SEED, numRuns: RUNS });
});

/** ONNX wants every window to touch the image. */
const pooling = geometry.map((given): Geometry => {
  const room = given.kernel_shape.map((size) => size - 1);
  const limit = (pads: readonly number[]) => pads.map((pad, axis) => Math.min(pad, room[axis]!)) as [number, number];
  return { ...given, dilations: [1, 1], begins: limit(given.begins), ends: limit(given.ends) };
});

test.each(["MaxPool", "AveragePool"])("%s: strides, pads, ceil_mode, counted padding", (op) => {
  const property = fc.property(pooling, fc.boolean(), fc.boolean(), (given, ceil, counted) => {
    const inputs = new Map([["x", distinctValues([given.batch, 2, ...given.image], given.seed)]]);
    const more = op === "AveragePool" ? { count_include_pad: counted ? 1 : 0 } : {};
    check(op, inputs, { ...windowOf(given), ceil_mode: ceil ? 1 : 0, ...more }, given.seed);
  });
  fc.assert(property, { seed: SEED, numRuns: RUNS });
});

test("MaxPool gives the gradient of equal values to the first", () => {
  const g = new GraphBuilder("ties");
  const x = g.input("x", "float32", [1, 1, 2, 2]);
  const [, indices] = g.node("MaxPool", [x], { kernel_shape: [2, 2] }, { outputs: ["y", "at"] });
  const dy = g.constant(float32([3], [1, 1, 1, 1]));
  g.output(g.op("MaxPoolGradient", [dy, indices!], { input_shape: [2, 2] }, { domain: "subbyte", name: "dx" }));
  const ties = evaluate(g.build(), new Map([["x", float32([1, 4, 4, 4], [1, 1, 2, 2])]]));
  expect([...ties.get("dx")!.data]).toEqual([0, 3, 0, 0]);
});
