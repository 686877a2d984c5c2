import { expect, test } from "vitest";
import { expectPass, graphOf, operatorsOf } from "../../test/passes.js";
import { simplifyForImport } from "./simplify.js";
import { splitToSlices } from "./split-to-slices.js";

test("parts of given sizes, and equal ones, of any axis", async () => {
  const graph = graphOf(["N", 5, 4], (g, x) => {
    const [a, b] = g.node("Split", [x, g.ints([2, 3])], { axis: 1 }, { outputs: 2 }) as [string, string];
    const [c, d] = g.node("Split", [b], { axis: -1, num_outputs: 2 }, { outputs: 2 }) as [string, string];
    return [a, g.op("Concat", [d, c], { axis: 2 })];
  });
  const result = await expectPass(splitToSlices, graph);
  expect(operatorsOf(result)).toEqual(["Slice", "Slice", "Slice", "Slice", "Concat"]);
});

test("a part that nothing reads goes", () => {
  const graph = graphOf(["N", 6], (g, x) => [g.node("Split", [x, g.ints([2, 4])], { axis: 1 }, { outputs: 2 })[1]!]);
  expect(operatorsOf(simplifyForImport(graph))).toEqual(["Slice"]);
});
