import { describe, expect, test } from "vitest";
import { GraphBuilder } from "../ir/builder.js";
import { float32 } from "../ir/tensor.js";
import type { Graph } from "../ir/types.js";
import { elementwiseFunctions, nonlinearNodes } from "./functions.js";
import { tabulate } from "./tabulate.js";

type Build = (g: GraphBuilder, x: string) => string;

/** `build` between two convolutions of three channels. */
function between(build: Build): Graph {
  const g = new GraphBuilder("net");
  const kernel = g.constant(float32(new Float32Array(9).fill(0.5), [3, 3, 1, 1]), "kernel");
  const x = g.op("Conv", [g.input("image", "float32", ["N", 3, 4, 4]), kernel], {}, { name: "conv1" });
  g.output(g.op("Conv", [build(g, x), kernel], {}, { name: "conv2" }));
  return g.build();
}

const found = (graph: Graph) =>
  [...elementwiseFunctions(graph).values()].map(({ source, nodes }) => [source, ...nodes.map(({ op }) => op)]);

const silu: Build = (g, x) => g.op("Mul", [x, g.op("Sigmoid", [x])]);
const hardSwish: Build = (g, x) => {
  const gate = g.op("Clip", [g.op("Add", [x, g.scalar(3)]), g.scalar(0), g.scalar(6)]);
  return g.op("Div", [g.op("Mul", [x, gate]), g.scalar(6)]);
};
const gelu: Build = (g, x) => {
  const normal = g.op("Add", [g.op("Erf", [g.op("Div", [x, g.scalar(Math.SQRT2)])]), g.scalar(1)]);
  return g.op("Mul", [g.op("Mul", [x, normal]), g.scalar(0.5)]);
};
const mish: Build = (g, x) => g.op("Mul", [x, g.op("Tanh", [g.op("Softplus", [x])])]);
const leakyByMax: Build = (g, x) => g.op("Max", [x, g.op("Mul", [x, g.scalar(0.1)])]);
const leakyByWhere: Build = (g, x) =>
  g.op("Where", [g.op("Greater", [x, g.scalar(0)]), x, g.op("Mul", [x, g.scalar(0.1)])]);

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const xs = [-4, -1, -0.25, 0, 0.5, 2, 5];

describe("operators that are one function", () => {
  test.each([
    { label: "SiLU", build: silu, operators: 2, f: (x: number) => x * sigmoid(x) },
    {
      label: "hard-swish",
      build: hardSwish,
      operators: 4,
      f: (x: number) => (x * Math.min(6, Math.max(0, x + 3))) / 6,
    },
    { label: "Mish", build: mish, operators: 3, f: (x: number) => x * Math.tanh(Math.log1p(Math.exp(x))) },
    { label: "max(x, x/10)", build: leakyByMax, operators: 2, f: (x: number) => Math.max(x, 0.1 * x) },
    { label: "x where x > 0", build: leakyByWhere, operators: 3, f: (x: number) => Math.max(x, 0.1 * x) },
    {
      label: "a square",
      build: (g: GraphBuilder, x: string) => g.op("Mul", [x, x]),
      operators: 1,
      f: (x: number) => x * x,
    },
  ])("$label", ({ build, operators, f }) => {
    const graph = between(build);
    const [only, ...others] = elementwiseFunctions(graph).values();
    expect(others).toEqual([]);
    expect(only!.source).toBe(graph.nodes[0]!.outputs[0]);
    expect(only!.nodes).toHaveLength(operators);
    const [values, ...channels] = tabulate(graph, only!, xs);
    expect(channels).toEqual([]);
    xs.forEach((x, i) => {
      expect(values![i]).toBeCloseTo(f(x), 6);
    });
  });

  test("GELU, whose constants are not those of the operator to the last digit", () => {
    const graph = between(gelu);
    const [only] = elementwiseFunctions(graph).values();
    expect(only!.nodes.map(({ op }) => op)).toEqual(["Div", "Erf", "Add", "Mul", "Mul"]);
    // Φ of the standard normal at these places.
    const expected = [
      -4 * 3.167e-5,
      -0.15865525,
      -0.25 * 0.40129367,
      0,
      0.5 * 0.69146246,
      2 * 0.97724987,
      5 * 0.99999971,
    ];
    const [values] = tabulate(graph, only!, xs);
    expected.forEach((value, i) => {
      expect(values![i]).toBeCloseTo(value, 7);
    });
  });

  test("a look-up of rounded values is one", () => {
    const graph = between((g, x) => {
      const index = g.op("Cast", [g.op("Clip", [g.op("Round", [x]), g.scalar(0), g.scalar(2)])], { to: 7 });
      return g.op("Gather", [g.constant(float32([5, -1, 3])), index]);
    });
    const [only] = elementwiseFunctions(graph).values();
    expect(only!.nodes.map(({ op }) => op)).toEqual(["Round", "Clip", "Cast", "Gather"]);
    expect([...tabulate(graph, only!, [-4, 0.2, 1.1, 7])[0]!]).toEqual([5, 5, -1, 3]);
  });

  test("PReLU has a table per channel", () => {
    const slopes = [0.5, 0.25, -1];
    const graph = between((g, x) => g.op("PRelu", [x, g.constant(float32(slopes, [3, 1, 1]))]));
    const [only] = elementwiseFunctions(graph).values();
    expect(only!.perChannel).toBe(true);
    expect(tabulate(graph, only!, [-2, 3]).map((values) => [...values])).toEqual([
      [-1, 3],
      [-0.5, 3],
      [2, 3],
    ]);
  });
});

describe("the borders of functions", () => {
  test("a clamp that alone reads a layer bounds the layer, and the function begins behind it", () => {
    const graph = between((g, x) => silu(g, g.op("Relu", [x], {}, { name: "relu" })));
    expect(found(graph)).toEqual([[graph.nodes[1]!.outputs[0], "Sigmoid", "Mul"]]);
  });

  test("clamps alone are no function; behind one they belong to it", () => {
    const clamped = (g: GraphBuilder, x: string) => g.op("Relu", [g.op("Clip", [x, g.scalar(-1)])]);
    expect(found(between(clamped))).toEqual([]);
    expect(found(between((g, x) => g.op("Relu", [g.op("Tanh", [x])])))[0]!.slice(1)).toEqual(["Tanh", "Relu"]);
  });

  test("what a layer reads too ends a function and begins another", () => {
    const graph = between((g, x) => {
      const inner = g.op("Tanh", [x]);
      const kernel = g.constant(float32(new Float32Array(9), [3, 3, 1, 1]));
      return g.op("Add", [g.op("Conv", [inner, kernel]), silu(g, inner)]);
    });
    const [conv1, tanh] = graph.nodes.map(({ outputs }) => outputs[0]);
    expect(found(graph)).toEqual([
      [conv1, "Tanh"],
      [tanh, "Sigmoid", "Mul"],
    ]);
  });

  test("products of two activations are none", () => {
    const gate: Build = (g, x) => g.op("Mul", [x, g.op("Sigmoid", [g.op("GlobalAveragePool", [x])])]);
    expect(found(between(gate)).map((each) => each.slice(1))).toEqual([["Sigmoid"]]);
  });

  test("neither is what adds an image, or numbers that differ between places", () => {
    const add = (shape: readonly number[]) =>
      between((g, x) => g.op("Add", [x, g.constant(float32(new Float32Array(16 * shape[0]!), shape))]));
    expect(found(add([3, 4, 4]))).toEqual([]);
    const perChannel = between((g, x) => g.op("Add", [x, g.constant(float32([1, 2, 3], [3, 1, 1]))]));
    expect(found(perChannel).map((each) => each.slice(1))).toEqual([["Add"]]);
    expect(nonlinearNodes(perChannel).size).toBe(0);
  });
});
