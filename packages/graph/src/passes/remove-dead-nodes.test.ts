import { expect, test } from "vitest";
import { expectNoChange, expectPass, graphOf, operatorsOf } from "../../test/passes.js";
import { removeDeadNodes } from "./remove-dead-nodes.js";

test("nodes and constants that no output depends on go, inputs stay", async () => {
  const graph = graphOf(["N", 2], (g, x) => {
    g.input("unused", "float32", [1]);
    g.constant({ dtype: "float32", shape: [1], data: new Float32Array(1) }, "unread");
    const dead = g.op("Neg", [x]);
    g.op("Add", [dead, g.scalar(1, "one")]);
    return [g.op("Relu", [x], {}, { name: "y" })];
  });
  const result = await expectPass(removeDeadNodes, graph);
  expect(operatorsOf(result)).toEqual(["Relu"]);
  expect(result.tensors.size).toBe(0);
});

test("a node stays for one of its outputs", () => {
  expectNoChange(
    removeDeadNodes,
    graphOf(["N", 2], (g, x) => [g.node("Split", [x], { axis: 1, num_outputs: 2 }, { outputs: 2, name: "s" })[1]!]),
  );
});
