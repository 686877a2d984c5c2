import { afterEach, expect, test, vi } from "vitest";
import { graphOf, operatorsOf } from "../../test/passes.js";
import type { Graph } from "../ir/types.js";
import { type Pass, type PassEvent, runPasses } from "./pass.js";
import { removeDeadNodes } from "./remove-dead-nodes.js";
import { removeIdentities } from "./remove-identities.js";

afterEach(() => vi.unstubAllEnvs());

const relu = (): Graph => graphOf(["N", 2], (g, x) => [g.op("Relu", [x], {}, { name: "y" })]);

/** Lets the node read a value that nothing produces, once. */
const breaking: Pass = {
  name: "breaking",
  run: (graph) =>
    graph.nodes[0]!.inputs[0] === "gone"
      ? graph
      : { ...graph, nodes: graph.nodes.map((node) => ({ ...node, inputs: ["gone"] })) },
};

test("passes run until a whole round changes nothing", () => {
  const graph = graphOf(["N", 2], (g, x) => {
    g.op("Neg", [x]);
    return [g.op("Relu", [g.op("Identity", [x])], {}, { name: "y" })];
  });
  const result = runPasses(graph, [removeIdentities, removeDeadNodes]);
  expect(operatorsOf(result)).toEqual(["Relu"]);
  expect(runPasses(result, [removeIdentities, removeDeadNodes])).toBe(result);
});

test("each run of a pass is told, with the graphs and the matches of its rules", () => {
  const graph = graphOf(["N", 2], (g, x) => [g.op("Relu", [g.op("Identity", [x])], {}, { name: "y" })]);
  const events: PassEvent[] = [];
  const result = runPasses(graph, [removeIdentities, removeDeadNodes], { onPass: (event) => events.push(event) });
  expect(events.map(({ pass }) => pass)).toEqual(Array(2).fill([removeIdentities.name, removeDeadNodes.name]).flat());
  expect(events[0]!.before).toBe(graph);
  expect(events[0]!.matches.map(({ node }) => node.op)).toEqual(["Identity"]);
  expect(events.at(-1)).toMatchObject({ before: result, after: result, matches: [] });
});

test("SUBBYTE_VERIFY=1 names the pass that broke the graph", () => {
  expect(() => runPasses(relu(), [breaking])).not.toThrow();
  vi.stubEnv("SUBBYTE_VERIFY", "1");
  expect(() => runPasses(relu(), [breaking])).toThrow(/internal: the pass breaking broke the graph: .*"gone"/);
});

test("passes that undo each other are found out", () => {
  const rename = (from: string, to: string): Pass => ({
    name: `${from}-${to}`,
    run: (graph) => ({
      ...graph,
      nodes: graph.nodes.map((node) => ({ ...node, op: node.op === from ? to : node.op })),
    }),
  });
  expect(() => runPasses(relu(), [rename("Relu", "Neg"), rename("Neg", "Relu")])).toThrow(/internal: .* never settle/);
});
