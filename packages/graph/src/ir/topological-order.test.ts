import fc from "fast-check";
import { expect, test } from "vitest";
import { topologicalOrder } from "./topological-order.js";
import type { Node } from "./types.js";

const node = (name: string, inputs: readonly string[]): Node => ({
  name,
  op: "Sum",
  domain: "",
  inputs,
  outputs: [name],
  attributes: {},
});

/** Node i reads earlier nodes only. */
const graphs = fc
  .array(fc.array(fc.nat({ max: 30 }), { maxLength: 3 }), { minLength: 1, maxLength: 30 })
  .map((reads) => reads.map((list, i) => node(`n${i}`, i === 0 ? ["x"] : list.map((at) => `n${at % i}`))));

test("nodes in order stay as they are", () => {
  fc.assert(fc.property(graphs, (nodes) => topologicalOrder(nodes) === nodes));
});

test("shuffled nodes are put in order, each once", () => {
  const shuffled = graphs.chain((nodes) => fc.shuffledSubarray(nodes, { minLength: nodes.length }));
  fc.assert(
    fc.property(shuffled, (nodes) => {
      const ordered = topologicalOrder(nodes);
      expect(new Set(ordered)).toEqual(new Set(nodes));
      expect(ordered.length).toBe(nodes.length);
      const seen = new Set(["x"]);
      for (const { inputs, outputs } of ordered) {
        for (const input of inputs) expect(seen.has(input)).toBe(true);
        seen.add(outputs[0]!);
      }
    }),
  );
});

test("a cycle is left for the verifier", () => {
  const nodes = [node("c", ["b"]), node("b", ["a", "c"]), node("a", ["x"])];
  expect(topologicalOrder(nodes).map(({ name }) => name)).toEqual(["a", "c", "b"]);
});
