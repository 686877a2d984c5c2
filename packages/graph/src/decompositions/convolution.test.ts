import { describe, expect, test } from "vitest";
import { type Bound, expectFaithful, type Feeds } from "../../test/every-level.js";
import { randomFloats } from "../../test/runtime.js";
import { GraphBuilder } from "../ir/builder.js";
import { elementCount, float32 } from "../ir/tensor.js";
import type { Dim, Graph } from "../ir/types.js";
import { evaluate } from "../reference/interpreter.js";
import { expandForTraining } from "./index.js";

interface Case {
  readonly channels: number;
  readonly outputs: number;
  readonly image: readonly number[];
  readonly kernel: readonly number[];
  readonly strides?: readonly number[];
  readonly pads?: readonly number[];
  readonly dilations?: readonly number[];
  readonly group?: number;
  readonly batch?: number;
}

/** Forward pass and both gradients of one convolution, x, w and dy being inputs; the batch is symbolic or fixed. */
function convolution(c: Case, symbolic: boolean): { graph: Graph; feeds: Feeds } {
  const rank = c.kernel.length;
  const { strides = c.kernel.map(() => 1), dilations = c.kernel.map(() => 1), group = 1, batch = 3 } = c;
  const pads = c.pads ?? new Array(2 * rank).fill(0);
  const output = c.image.map((size, axis) =>
    Math.floor(
      (size + pads[axis] + pads[axis + rank] - dilations[axis] * (c.kernel[axis] - 1) - 1) / strides[axis] + 1,
    ),
  );
  const attributes = { kernel_shape: c.kernel, strides, dilations, pads, group };
  const shapes = {
    x: [batch, c.channels, ...c.image],
    w: [c.outputs, c.channels / group, ...c.kernel],
    dy: [batch, c.outputs, ...output],
  };
  const declared = ([first, ...rest]: number[]): Dim[] => [symbolic ? "N" : first, ...rest];
  const g = new GraphBuilder("convolution");
  g.input("x", "float32", declared(shapes.x));
  g.input("w", "float32", shapes.w);
  g.input("dy", "float32", declared(shapes.dy));
  const ours = { domain: "subbyte" };
  g.output(g.op("Conv", ["x", "w"], attributes, { name: "y" }));
  g.output(g.op("ConvInputGradient", ["dy", "w"], { ...attributes, input_shape: c.image }, { name: "dx", ...ours }));
  g.output(g.op("ConvWeightGradient", ["dy", "x"], attributes, { name: "dw", ...ours }));
  const feeds = Object.entries(shapes).map(([name, shape], i) => [name, float32(randomFloats(shape, i).data, shape)]);
  return { graph: g.build(), feeds: new Map(feeds as [string, ReturnType<typeof float32>][]) };
}

/**
 * A float32 sum of n products in any order errs by at most (n + 1)·2⁻²⁴·Σ|a·b| (Higham 2002, §3.1); Σ|a·b| is the same
 * graph on absolute values. Minimal filtering errs relative to the largest sum, by its transforms' amplification: within
 * 2e-5 where the rounding of a single product is 6e-8.
 */
function bound(graph: Graph, feeds: Feeds, c: Case, filtering: boolean): Bound {
  const absolute = new Map(
    [...feeds].map(([name, tensor]) => [name, { ...tensor, data: (tensor.data as Float32Array).map(Math.abs) }]),
  );
  const magnitudes = evaluate(graph, absolute);
  const terms = Math.max(
    (c.channels / (c.group ?? 1)) * elementCount(c.kernel),
    (c.outputs / (c.group ?? 1)) * elementCount(c.kernel),
    (c.batch ?? 3) * elementCount(c.image),
  );
  return (output) => {
    const sums = magnitudes.get(output)!.data as Float64Array;
    const largest = sums.reduce((a, b) => Math.max(a, b));
    return (at) => (filtering ? 2e-5 * largest : (terms + 1) * 2 ** -24 * sums[at]);
  };
}

const square = (n: number) => [n, n];
const around = (n: number) => [n, n, n, n];

const cases: Readonly<Record<string, Case>> = {
  "3×3": { channels: 5, outputs: 4, image: [7, 6], kernel: square(3), pads: around(1) },
  "3×3, more padding than the kernel has": {
    channels: 2,
    outputs: 3,
    image: [4, 5],
    kernel: square(3),
    pads: around(3),
  },
  "3×3, no padding": { channels: 3, outputs: 2, image: [6, 5], kernel: square(3) },
  "3×3 of 20 channels": { channels: 20, outputs: 6, image: [6, 5], kernel: square(3), pads: around(1) },
  "one-sided padding": { channels: 3, outputs: 2, image: [6, 5], kernel: square(3), pads: [0, 1, 2, 0] },
  "stride 2": { channels: 4, outputs: 6, image: [8, 8], kernel: square(3), strides: [2, 2], pads: around(1) },
  "stride 2 on odd sizes": {
    channels: 17,
    outputs: 3,
    image: [9, 7],
    kernel: square(3),
    strides: [2, 2],
    pads: around(1),
  },
  "stride 3 that leaves rows out": { channels: 3, outputs: 2, image: [10, 9], kernel: square(2), strides: [3, 3] },
  "different strides": { channels: 16, outputs: 2, image: [7, 8], kernel: [3, 2], strides: [1, 3], pads: [1, 0, 0, 1] },
  dilation: { channels: 3, outputs: 4, image: [9, 8], kernel: square(3), dilations: [2, 3], pads: [2, 3, 2, 3] },
  "dilation and stride": {
    channels: 16,
    outputs: 4,
    image: [11, 12],
    kernel: [3, 2],
    dilations: [2, 3],
    strides: [2, 3],
    pads: [1, 2, 0, 1],
  },
  "7×7 stem": { channels: 3, outputs: 8, image: [16, 16], kernel: square(7), strides: [2, 2], pads: around(3) },
  "stem of one channel": { channels: 1, outputs: 4, image: [10, 9], kernel: square(3), pads: around(1) },
  "1×1": { channels: 6, outputs: 5, image: [5, 4], kernel: square(1) },
  "1×1 on few positions": { channels: 6, outputs: 5, image: [2, 3], kernel: square(1) },
  "1×1 on many positions": { channels: 3, outputs: 4, image: [16, 17], kernel: square(1) },
  "1×1, stride 2": { channels: 6, outputs: 5, image: [11, 12], kernel: square(1), strides: [2, 2] },
  "1×1, stride 2, few positions": { channels: 6, outputs: 5, image: [5, 4], kernel: square(1), strides: [2, 2] },
  "1×1, padded": { channels: 3, outputs: 2, image: [4, 4], kernel: square(1), pads: around(1) },
  groups: { channels: 6, outputs: 9, image: [6, 7], kernel: square(3), group: 3, pads: around(1) },
  "groups of 16 channels, stride 2": {
    channels: 32,
    outputs: 4,
    image: [6, 7],
    kernel: square(3),
    group: 2,
    strides: [2, 2],
    pads: around(1),
  },
  depthwise: { channels: 5, outputs: 5, image: [6, 7], kernel: square(3), group: 5, pads: around(1) },
  "depthwise, stride 2, two outputs a channel": {
    channels: 4,
    outputs: 8,
    image: [7, 8],
    kernel: square(3),
    group: 4,
    strides: [2, 2],
    pads: around(1),
  },
  "3×3 on one position": { channels: 6, outputs: 5, image: square(1), kernel: square(3), pads: around(1) },
  "3×3 on one row": { channels: 6, outputs: 5, image: [1, 5], kernel: square(3), pads: around(1) },
  "3×3, stride 2, on 2×2": {
    channels: 6,
    outputs: 5,
    image: square(2),
    kernel: square(3),
    strides: [2, 2],
    pads: around(1),
  },
  "1×1, stride 2, on 2×2": { channels: 6, outputs: 5, image: square(2), kernel: square(1), strides: [2, 2] },
  "kernel as large as the image": { channels: 3, outputs: 7, image: [4, 3], kernel: [4, 3] },
  "7×7 on 2×2, dead taps on both sides": {
    channels: 3,
    outputs: 4,
    image: square(2),
    kernel: square(7),
    pads: around(3),
  },
  "one dimension": { channels: 3, outputs: 4, image: [9], kernel: [3], strides: [2], pads: [1, 1] },
  "three dimensions": {
    channels: 3,
    outputs: 4,
    image: [4, 5, 4],
    kernel: [3, 2, 3],
    strides: [1, 2, 1],
    pads: [1, 0, 1, 1, 1, 0],
  },
  "three dimensions, groups": { channels: 4, outputs: 4, image: [4, 5, 4], kernel: [2, 2, 2], group: 2 },
};

describe.each(Object.entries(cases))("%s", (_, c) => {
  for (const symbolic of [true, false])
    test(`${symbolic ? "symbolic" : "fixed"} batch: y, dx and dw`, async () => {
      const { graph, feeds } = convolution(c, symbolic);
      const expand = (before: Graph) => expandForTraining(before, { winograd: false });
      await expectFaithful(graph, expand, feeds, bound(graph, feeds, c, false));
    });
});

describe("minimal filtering", () => {
  const filtered: Readonly<Record<string, Case>> = {
    "2×2": { channels: 16, outputs: 12, image: square(2), kernel: square(3), pads: around(1) },
    "4×4, dense": { channels: 16, outputs: 16, image: square(4), kernel: square(3), pads: around(1) },
    "6×3, dense": { channels: 48, outputs: 48, image: [6, 3], kernel: square(3), pads: around(1), batch: 1 },
    "8×8, separable": { channels: 32, outputs: 24, image: square(8), kernel: square(3), pads: around(1) },
    "12×9, separable": { channels: 40, outputs: 32, image: [12, 9], kernel: square(3), pads: around(1), batch: 1 },
    "2×11": { channels: 64, outputs: 64, image: [2, 11], kernel: square(3), pads: around(1), batch: 1 },
    "stride 2, 4×4 to 2×2": {
      channels: 128,
      outputs: 96,
      image: square(4),
      kernel: square(3),
      strides: [2, 2],
      pads: around(1),
    },
    "stride 2, 8×7 to 4×4": {
      channels: 64,
      outputs: 64,
      image: [8, 7],
      kernel: square(3),
      strides: [2, 2],
      pads: around(1),
      batch: 1,
    },
  };
  test.each(Object.entries(filtered))("%s: y, dx and dw", async (_, c) => {
    for (const symbolic of [true, false]) {
      const { graph, feeds } = convolution(c, symbolic);
      const expanded = await expectFaithful(graph, expandForTraining, feeds, bound(graph, feeds, c, true));
      expect(expanded.nodes.map(({ op }) => op)).not.toContain("Conv");
      // x, w and dy are each transformed once, and y, dx and dw come back.
      const perTransform = expanded.nodes.filter(({ op }) => op === "ReduceSum").length > 0 ? 2 : 1;
      expect(expanded.nodes.filter(({ op }) => op === "Gemm").length).toBe(4 * perTransform + 2);
    }
  });
});

test("a bias is added to whatever computes the convolution", async () => {
  const g = new GraphBuilder("biased");
  g.input("x", "float32", ["N", 16, 4, 4]);
  g.input("w", "float32", [8, 16, 3, 3]);
  g.input("b", "float32", [8]);
  g.output(g.op("Conv", ["x", "w", "b"], { pads: around(1) }, { name: "y" }));
  const feeds = new Map(
    Object.entries({ x: [2, 16, 4, 4], w: [8, 16, 3, 3], b: [8] }).map(([name, shape], i) => [
      name,
      float32(randomFloats(shape, i).data, shape),
    ]),
  );
  const expanded = await expectFaithful(g.build(), expandForTraining, feeds, () => () => 2e-4);
  expect(expanded.nodes.map(({ op }) => op)).toContain("Add");
});

test("a forward convolution that nothing makes faster stays the same node", () => {
  const { graph } = convolution({ channels: 3, outputs: 8, image: square(8), kernel: square(5) }, true);
  const [conv] = graph.nodes;
  expect(expandForTraining(graph).nodes).toContainEqual(conv);
  const forward: Graph = { ...graph, nodes: [conv], outputs: ["y"] };
  expect(expandForTraining(forward)).toBe(forward);
});
