import { describe, expect, test } from "vitest";
import { expectNoChange, expectPass, graphOf, operatorsOf } from "../../test/passes.js";
import type { GraphBuilder } from "../ir/builder.js";
import { recognizeActivations } from "./recognize-activations.js";

type Build = (g: GraphBuilder, x: string) => string;

const named = { name: "y" };

/** clip(x + 3, 0, 6) */
const sixfoldGate = (g: GraphBuilder, x: string, shift = 3) =>
  g.op("Clip", [g.op("Add", [x, g.scalar(shift)]), g.scalar(0), g.scalar(6)]);

const hardSwishForms: [string, Build][] = [
  ["x·clip / 6", (g, x) => g.op("Div", [g.op("Mul", [x, sixfoldGate(g, x)]), g.scalar(6)], {}, named)],
  ["x·(clip / 6)", (g, x) => g.op("Mul", [x, g.op("Div", [sixfoldGate(g, x), g.scalar(6)])], {}, named)],
  ["1/6·(clip·x)", (g, x) => g.op("Mul", [g.scalar(1 / 6), g.op("Mul", [sixfoldGate(g, x), x])], {}, named)],
  ["(1/6·clip)·x", (g, x) => g.op("Mul", [g.op("Mul", [g.scalar(1 / 6), sixfoldGate(g, x)]), x], {}, named)],
];

describe("one operator", () => {
  const cases: [string, Build, string[]][] = [
    [
      "hard swish",
      (g, x) => g.op("Mul", [g.op("HardSigmoid", [x], { alpha: Math.fround(1 / 6) }), x], {}, named),
      ["HardSwish"],
    ],
    [
      "ReLU6 as two operators",
      (g, x) => g.op("Clip", [g.op("Relu", [x]), g.scalar(0), g.scalar(0.5)], {}, named),
      ["Clip"],
    ],
    [
      "a lower bound above that of ReLU",
      (g, x) => g.op("Clip", [g.op("Relu", [x]), g.scalar(0.25)], {}, named),
      ["Clip"],
    ],
    ...hardSwishForms.map(([name, build]): (typeof cases)[number] => [
      `hard swish as ${name}`,
      (g, x) => build(g, g.op("Mul", [x, g.scalar(8)])),
      ["Mul", "HardSwish"],
    ]),
    [
      "hard sigmoid of parts",
      (g, x) => g.op("Div", [sixfoldGate(g, g.op("Mul", [x, g.scalar(8)])), g.scalar(6)], {}, named),
      ["Mul", "HardSigmoid"],
    ],
  ];
  test.each(cases)("%s", async (_, build, operators) => {
    const graph = graphOf(["N", 3], (g, x) => [build(g, x)]);
    expect(operatorsOf(await expectPass(recognizeActivations, graph, { tolerance: 1e-6 }))).toEqual(operators);
  });
});

describe("left alone", () => {
  const cases: [string, Build][] = [
    ["a lower bound below that of ReLU", (g, x) => g.op("Clip", [g.op("Relu", [x]), g.scalar(-1)])],
    [
      "a gate that is shifted by another number",
      (g, x) => g.op("Mul", [x, g.op("Div", [sixfoldGate(g, x, 2), g.scalar(6)])]),
    ],
    [
      "a gate of another value",
      (g, x) => g.op("Div", [g.op("Mul", [g.op("Relu", [x]), sixfoldGate(g, x)]), g.scalar(6)]),
    ],
    ["another gate", (g, x) => g.op("Mul", [x, g.op("HardSigmoid", [x])])],
  ];
  test.each(cases)("%s", (_, build) => {
    expectNoChange(
      recognizeActivations,
      graphOf(["N", 3], (g, x) => [build(g, x)]),
    );
  });
});
