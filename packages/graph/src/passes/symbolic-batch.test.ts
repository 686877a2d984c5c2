import { describe, expect, test } from "vitest";
import { expectSameOutputs, graphOf, weights } from "../../test/passes.js";
import { runGraph } from "../../test/runtime.js";
import { inferTypes } from "../inference/infer-types.js";
import type { Graph } from "../ir/types.js";
import { verify } from "../ir/verifier.js";
import { withSymbolicBatch } from "./symbolic-batch.js";

/** A channel shuffle and a classifier, with the batch in every Reshape. */
const shuffled = (batch: number | string): Graph =>
  graphOf([batch, 4, 3, 3], (g, x) => {
    const b = typeof batch === "number" ? batch : -1;
    const shape = g.ints([b, 4, 3, 3], "shape");
    const groups = g.op("Reshape", [x, g.ints([b, 2, 2, 3, 3], "groups")]);
    const back = g.op("Reshape", [g.op("Transpose", [groups], { perm: [0, 2, 1, 3, 4] }), shape]);
    const flat = g.op("Flatten", [g.op("Reshape", [g.op("Relu", [back]), shape])]);
    return [g.op("Gemm", [flat, g.constant(weights([5, 36]), "fc.weight")], { transB: 1 }, { name: "y" })];
  });

describe("a model exported for one image", () => {
  test("takes any batch, and gives what it gave", async () => {
    const graph = withSymbolicBatch(shuffled(1));
    verify(graph);
    expect(graph.inputs[0]!.shape).toEqual(["N", 4, 3, 3]);
    expect([...graph.tensors.keys()]).not.toContain("shape"); // both readers have a target of their own
    expect(inferTypes(graph).get("y")!.shape).toEqual(["N", 5]);
    expectSameOutputs(await runGraph(graph), await runGraph(shuffled("N")), 0);
    expect(withSymbolicBatch(graph)).toBe(graph);
  });

  test("stays as it is where the batch cannot be taken out", () => {
    const graph = graphOf([2, 3], (g, x) => [g.op("Reshape", [x, g.ints([3, 2])])]);
    expect(withSymbolicBatch(graph)).toBe(graph);
    const mixed = graphOf([2, 3], (g, x) => [g.op("Gemm", [g.constant(weights([2, 2])), x])]);
    expect(withSymbolicBatch(mixed)).toBe(mixed);
  });
});
