import { describe, expect, test } from "vitest";
import { expectNoChange, expectPass, graphOf, operatorsOf, weights } from "../../test/passes.js";
import type { GraphBuilder } from "../ir/builder.js";
import { removeIdentities } from "./remove-identities.js";

type Build = (g: GraphBuilder, x: string) => string;

const bool = (value: number) => ({ dtype: "bool" as const, shape: [], data: Uint8Array.of(value) });

describe("removed", () => {
  const cases: [string, Build][] = [
    ["Identity", (g, x) => g.op("Identity", [x])],
    ["Dropout", (g, x) => g.op("Dropout", [x])],
    ["Dropout with a ratio and training off", (g, x) => g.op("Dropout", [x, g.scalar(0.5), g.constant(bool(0))])],
    ["Cast to the same type", (g, x) => g.op("Cast", [x], { to: 1 })],
    ["Reshape to the same shape", (g, x) => g.op("Reshape", [x, g.ints([-1, 3, 4, 4])])],
    ["Expand to the same shape", (g, x) => g.op("Expand", [x, g.ints([1, 3, 1, 4])])],
    ["Transpose of nothing", (g, x) => g.op("Transpose", [x], { perm: [0, 1, 2, 3] })],
    ["Pad by nothing", (g, x) => g.op("Pad", [x, g.ints(new Array(8).fill(0)), ""], { mode: "reflect" })],
    ["Concat of one", (g, x) => g.op("Concat", [x], { axis: 1 })],
  ];
  test.each(cases)("%s", async (_, build) => {
    const graph = graphOf(["N", 3, 4, 4], (g, x) => [g.op("Relu", [build(g, x)], {}, { name: "y" })]);
    expect(operatorsOf(await expectPass(removeIdentities, graph))).toEqual(["Relu"]);
  });

  test("before a graph output, whose name stays", async () => {
    const graph = graphOf(["N", 3], (g, x) => [g.op("Identity", [g.op("Relu", [x])], {}, { name: "y" })]);
    expect(operatorsOf(await expectPass(removeIdentities, graph))).toEqual(["Relu"]);
  });

  test("Flatten of a matrix", async () => {
    const graph = graphOf(["N", 3], (g, x) => [g.op("Relu", [g.op("Flatten", [x])], {}, { name: "y" })]);
    expect(operatorsOf(await expectPass(removeIdentities, graph))).toEqual(["Relu"]);
  });
});

describe("kept", () => {
  const cases: [string, Build][] = [
    ["Cast to another type", (g, x) => g.op("Cast", [x], { to: 11 })],
    ["Reshape that moves dimensions", (g, x) => g.op("Reshape", [x, g.ints([-1, 4, 4, 3])])],
    ["Transpose without perm, which reverses", (g, x) => g.op("Transpose", [x])],
    ["Transpose of two axes", (g, x) => g.op("Transpose", [x], { perm: [0, 1, 3, 2] })],
    ["Pad by something", (g, x) => g.op("Pad", [x, g.ints([0, 0, 0, 0, 0, 0, 0, 1])])],
    ["Concat of two", (g, x) => g.op("Concat", [x, x], { axis: 1 })],
    ["Dropout in training", (g, x) => g.op("Dropout", [x, g.scalar(0.5), g.constant(bool(1))])],
    ["Expand by a new axis", (g, x) => g.op("Expand", [x, g.ints([2, 1, 1, 1, 1])])],
    ["an operator on a constant", (g, x) => g.op("Add", [x, g.constant(weights([1]))])],
  ];
  test.each(cases)("%s", (_, build) => {
    expectNoChange(
      removeIdentities,
      graphOf(["N", 3, 4, 4], (g, x) => [build(g, x)]),
    );
  });

  test("Dropout whose mask is read", () => {
    expectNoChange(
      removeIdentities,
      graphOf(["N", 3], (g, x) => g.node("Dropout", [x], {}, { outputs: 2, name: "dropout" })),
    );
  });
});
