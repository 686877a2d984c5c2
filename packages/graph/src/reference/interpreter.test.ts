import { expect, test } from "vitest";
import { ModelError } from "../errors.js";
import { GraphBuilder } from "../ir/builder.js";
import { float32, int64 } from "../ir/tensor.js";
import { evaluate } from "./interpreter.js";

test("computes in float64 throughout: inputs, constants, attributes, casts", () => {
  const g = new GraphBuilder("precise");
  const x = g.input("x", "float32", ["N"]);
  const filled = g.op("ConstantOfShape", [g.ints([1])], { value: float32([1]) });
  const sum = g.op("Add", [g.op("Mul", [x, g.scalar(3)]), filled]);
  g.output(g.op("Cast", [sum], { to: 1 }, { name: "y" }));
  const tiny = 2 ** -40;
  const y = evaluate(g.build(), new Map([["x", float32([tiny, 1])]])).get("y")!;
  expect(y.dtype).toBe("float64");
  expect([...y.data]).toEqual([1 + 3 * tiny, 4]);
});

test("integers stay exact beyond 2^53", () => {
  const g = new GraphBuilder("exact");
  const big = g.constant({ dtype: "int64", shape: [1], data: BigInt64Array.of(2n ** 62n + 1n) });
  g.output(g.op("Add", [big, g.ints([1])], {}, { name: "sum" }));
  g.output(g.op("Concat", [big, g.ints([1])], { axis: 0 }, { name: "list" }));
  const values = evaluate(g.build(), new Map());
  expect([...values.get("sum")!.data]).toEqual([2n ** 62n + 2n]);
  expect([...values.get("list")!.data]).toEqual([2n ** 62n + 1n, 1n]);
});

test("optional inputs may be left out, unread outputs too", () => {
  const g = new GraphBuilder("optional");
  const x = g.input("x", "float32", [3]);
  g.output(g.op("Clip", [x, "", g.scalar(1)], {}, { name: "y" }));
  expect([...evaluate(g.build(), new Map([["x", float32([-5, 0.5, 2])]])).get("y")!.data]).toEqual([-5, 0.5, 1]);
});

test("says which input is missing and which operator has no reference", () => {
  const g = new GraphBuilder("g");
  const x = g.input("x", "float32", [3]);
  g.output(g.op("Mystery", [x], {}, { name: "layer" }));
  expect(() => evaluate(g.build(), new Map())).toThrow('graph "g": no value given for the input "x"');
  const run = () => evaluate(g.build(), new Map([["x", int64([1, 2, 3])]]));
  expect(run).toThrow(ModelError);
  expect(run).toThrow('Mystery "layer": this operator has no reference implementation');
});
