import { describe, expect, test } from "vitest";
import { expectNoChange, expectPass, graphOf, operatorsOf, weights } from "../../test/passes.js";
import { inferTypes } from "../inference/infer-types.js";
import { toNumbers } from "../ir/tensor.js";
import type { Graph } from "../ir/types.js";
import { foldShapes } from "./fold-shapes.js";
import { removeDeadNodes } from "./remove-dead-nodes.js";

const targetOf = (graph: Graph): number[] => {
  const reshape = graph.nodes.find(({ op }) => op === "Reshape")!;
  return toNumbers(graph.tensors.get(reshape.inputs[1]!)!);
};

describe("a Reshape to a computed shape", () => {
  test("x.view(x.size(0), -1)", async () => {
    const graph = graphOf(["N", 2, 3, 3], (g, x) => {
      const size = g.op(
        "Gather",
        [g.op("Shape", [x]), g.constant({ dtype: "int64", shape: [], data: BigInt64Array.of(0n) })],
        { axis: 0 },
      );
      const target = g.op("Concat", [g.op("Unsqueeze", [size, g.ints([0])]), g.ints([-1])], { axis: 0 });
      return [g.op("Reshape", [x, target], {}, { name: "y" })];
    });
    const result = removeDeadNodes.run(await expectPass(foldShapes, graph));
    expect(targetOf(result)).toEqual([0, -1]);
    expect(result.nodes.length).toBe(1);
  });

  test("channel shuffle: x.view(n, groups, c // groups, h, w)", async () => {
    const graph = graphOf(["N", 4, 3, 3], (g, x) => {
      const dims = g.op("Shape", [x]);
      const at = (i: number) => g.op("Slice", [dims, g.ints([i]), g.ints([i + 1]), g.ints([0])]);
      const perGroup = g.op("Div", [at(1), g.ints([2])]);
      const target = g.op("Concat", [at(0), g.ints([2]), perGroup, at(2), at(3)], { axis: 0 });
      return [g.op("Reshape", [x, target], {}, { name: "y" })];
    });
    expect(targetOf(await expectPass(foldShapes, graph))).toEqual([0, 2, 2, 3, 3]);
  });

  test("x.chunk(2, 1): halves of the channels, the first one larger, joined again", async () => {
    const graph = graphOf(["N", 5, 3, 3], (g, x) => {
      const channels = g.op("Gather", [g.op("Shape", [x]), g.ints([1])], { axis: 0 });
      const half = g.op("Div", [g.op("Add", [channels, g.ints([1])]), g.ints([2])]); // 3
      const [first, second] = [1, 2].map((part) => g.op("Mul", [half, g.ints([part])])) as [string, string];
      const left = g.op("Slice", [x, g.ints([0]), first, g.ints([1])]);
      const right = g.op("Slice", [x, g.op("Sub", [first, g.ints([0])]), second, g.ints([1])]);
      return [g.op("Concat", [g.op("Relu", [right]), left], { axis: 1 }, { name: "y" })];
    });
    expect(inferTypes(graph).get(graph.outputs[0]!)).toEqual({ dtype: "float32", shape: ["N", 5, 3, 3] });
    const result = removeDeadNodes.run(await expectPass(foldShapes, graph));
    expect(operatorsOf(result)).toEqual(["Slice", "Slice", "Relu", "Concat"]);
  });

  test("x.view(n * c, h, w): a product of batch and channels is the rest", async () => {
    const graph = graphOf(["N", 4, 3, 3], (g, x) => {
      const dims = g.op("Shape", [x]);
      const at = (i: number) => g.op("Gather", [dims, g.ints([i])], { axis: 0 });
      const target = g.op("Concat", [g.op("Mul", [at(0), at(1)]), at(-2), at(-1)], { axis: 0 });
      return [g.op("Reshape", [x, target], {}, { name: "y" })];
    });
    expect(targetOf(await expectPass(foldShapes, graph))).toEqual([-1, 3, 3]);
  });

  test("shapes in int32, as TensorFlow computes them", async () => {
    const graph = graphOf(["N", 6], (g, x) => {
      const int32 = (value: number) => g.constant({ dtype: "int32", shape: [1], data: Int32Array.of(value) });
      const sizes = g.op("Cast", [g.op("Shape", [x])], { to: 6 });
      const batch = g.op("Slice", [sizes, g.ints([0]), g.ints([1]), g.ints([0])]);
      const half = g.op("Div", [g.op("Slice", [sizes, g.ints([1]), g.ints([2]), g.ints([0])]), int32(2)]);
      const target = g.op("Concat", [batch, int32(2), half], { axis: 0 });
      return [g.op("Reshape", [x, g.op("Cast", [target], { to: 7 })], {}, { name: "y" })];
    });
    expect(targetOf(await expectPass(foldShapes, graph))).toEqual([0, 2, 3]);
  });

  test("allowzero with a computed target that has no zero", async () => {
    const graph = graphOf(["N", 6], (g, x) => {
      const batch = g.op("Shape", [x], { start: 0, end: 1 });
      const target = g.op("Concat", [batch, g.ints([2, 3])], { axis: 0 });
      return [g.op("Reshape", [x, target], { allowzero: 1 }, { name: "y" })];
    });
    const result = await expectPass(foldShapes, graph);
    expect(targetOf(result)).toEqual([0, 2, 3]);
    expect(result.nodes.at(-1)!.attributes).toEqual({});
  });

  test("a batch that stands elsewhere in x is the rest, and two unknown dimensions are left alone", async () => {
    const swapped = graphOf(["N", 4], (g, x) => {
      const n = g.op("Shape", [x], { start: 0, end: 1 });
      return [g.op("Reshape", [x, g.op("Concat", [g.ints([4]), n], { axis: 0 })], {}, { name: "y" })];
    });
    expect(targetOf(await expectPass(foldShapes, swapped))).toEqual([4, -1]);
    expectNoChange(
      foldShapes,
      graphOf(["N", "M"], (g, x) => {
        const dims = g.op("Shape", [x]);
        const reversed = g.op("Concat", [g.op("Gather", [dims, g.ints([1])]), g.op("Gather", [dims, g.ints([0])])], {
          axis: 0,
        });
        return [g.op("Reshape", [x, reversed], {}, { name: "y" })];
      }),
    );
  });
});

test("dimensions that are numbers become constants although the batch is a symbol", async () => {
  const graph = graphOf(["N", 2, 3, 3], (g, x) => {
    const tail = g.op("Shape", [x], { start: -2 }, { name: "tail" });
    return [g.op("Add", [x, g.op("Reshape", [g.constant(weights([9]), "w"), tail])], {}, { name: "y" })];
  });
  const result = await expectPass(foldShapes, graph);
  expect(toNumbers(result.tensors.get("tail")!)).toEqual([3, 3]);
});

test("what is data and not a shape is left alone", () => {
  expectNoChange(
    foldShapes,
    graphOf(["N", 2], (g, x) => [g.op("Reshape", [x, g.op("Cast", [g.op("Neg", [g.scalar(1)])], { to: 7 })])]),
  );
});
