import { describe, expect, test } from "vitest";
import { expectNoChange, expectPass, graphOf, weights } from "../../test/passes.js";
import type { GraphBuilder } from "../ir/builder.js";
import type { Attributes } from "../ir/types.js";
import { fusePadding } from "./fuse-padding.js";

const conv = (g: GraphBuilder, x: string, attributes: Attributes = {}) =>
  g.op("Conv", [x, g.constant(weights([2, 3, 3, 3]), "w")], attributes, { name: "conv" });

test("zeros around the image move into the convolution", async () => {
  const graph = graphOf(["N", 3, 5, 5], (g, x) => {
    const padded = g.op("Pad", [x, g.ints([0, 0, 0, 1, 0, 0, 2, 3]), g.scalar(0)]);
    return [conv(g, padded, { pads: [1, 0, 1, 0], strides: [2, 2], auto_pad: "NOTSET" })];
  });
  const result = await expectPass(fusePadding, graph);
  expect(result.nodes).toMatchObject([
    { name: "conv", op: "Conv", attributes: { pads: [1, 1, 3, 3], strides: [2, 2] } },
  ]);
});

describe("kept", () => {
  const pad = (g: GraphBuilder, x: string, widths: number[], mode = "constant", value = 0) =>
    g.op("Pad", [x, g.ints(widths), g.scalar(value)], { mode });
  const cases: [string, (g: GraphBuilder, x: string) => string][] = [
    [
      "padding of channels",
      (g, x) => g.op("Conv", [pad(g, x, [0, 1, 0, 0, 0, 0, 0, 0]), g.constant(weights([2, 4, 3, 3]))]),
    ],
    ["cropping", (g, x) => conv(g, pad(g, x, [0, 0, -1, 0, 0, 0, 0, 0]))],
    ["reflection", (g, x) => conv(g, pad(g, x, [0, 0, 1, 1, 0, 0, 1, 1], "reflect"))],
    ["ones", (g, x) => conv(g, pad(g, x, [0, 0, 1, 1, 0, 0, 1, 1], "constant", 1))],
    [
      "a convolution that pads by itself",
      (g, x) => conv(g, pad(g, x, [0, 0, 1, 1, 0, 0, 1, 1]), { auto_pad: "SAME_UPPER" }),
    ],
  ];
  test.each(cases)("%s", (_, build) => {
    expectNoChange(
      fusePadding,
      graphOf(["N", 3, 5, 5], (g, x) => [build(g, x)]),
    );
  });
});
