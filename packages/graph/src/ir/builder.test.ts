import { expect, test } from "vitest";
import { GraphBuilder } from "./builder.js";
import { verify } from "./verifier.js";

test("names are made up where none is given, and never twice", () => {
  const g = new GraphBuilder("g");
  const x = g.input("Relu_0", "float32", [1]);
  const [a, b] = [g.op("Relu", [x]), g.op("Relu", [x])];
  const [left, right] = g.node("Split", [a, g.ints([1, 0])], {}, { outputs: 2, name: "split" });
  for (const value of [b, left!, right!]) g.output(value);
  const graph = g.build();
  expect([a, b, left, right]).toEqual(["Relu_1", "Relu_2", "split:0_0", "split:1_0"]);
  verify(graph);
});

test("a value or a node name given twice is refused", () => {
  const g = new GraphBuilder("g");
  const x = g.input("x", "float32", [1]);
  g.op("Relu", [x], {}, { name: "a", outputs: ["y"] });
  expect(() => g.op("Relu", [x], {}, { name: "a", outputs: ["z"] })).toThrow(/"a" is used twice/);
  expect(() => g.op("Relu", [x], {}, { name: "b", outputs: ["y"] })).toThrow(/"y" is used twice/);
  expect(() => g.input("y", "float32", [1])).toThrow(/"y" is used twice/);
});

test("a node may be named like a value that another node produces", () => {
  const g = new GraphBuilder("g");
  const x = g.input("x", "float32", [1]);
  const y = g.op("Relu", [x], {}, { name: "a", outputs: ["b"] });
  g.output(g.op("Relu", [y], {}, { name: "b", outputs: ["a"] }));
  verify(g.build());
  verify(new GraphBuilder("again", g.build()).build());
});
