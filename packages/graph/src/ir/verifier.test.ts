import { expect, test } from "vitest";
import { ModelError } from "../errors.js";
import { GraphBuilder } from "./builder.js";
import { float32 } from "./tensor.js";
import type { Graph, Node, Tensor } from "./types.js";
import { verify } from "./verifier.js";

function chain(): Graph {
  const g = new GraphBuilder("chain");
  const x = g.input("x", "float32", ["N", 2]);
  const a = g.op("Add", [x, g.constant(float32([1, 2]), "b")], {}, { name: "a" });
  const r = g.op("Relu", [a], {}, { name: "r" });
  g.output(g.op("Clip", [r, ""], {}, { name: "c" }));
  return g.build();
}

const withNode = (index: number, change: Partial<Node>): Graph => {
  const graph = chain();
  return { ...graph, nodes: graph.nodes.map((node, i) => (i === index ? { ...node, ...change } : node)) };
};

const withTensor = (tensor: Tensor): Graph => ({ ...chain(), tensors: new Map([["b", tensor]]) });

test("a well-formed graph passes", () => {
  expect(() => verify(chain())).not.toThrow();
});

const cases: [string, Graph, RegExp][] = [
  ["a value produced twice", withNode(1, { outputs: ["a"] }), /"a" is produced twice, by Add "a" and by Relu "r"/],
  [
    "a constant with the name of an input",
    { ...chain(), tensors: new Map([["x", float32([1])]]) },
    /"x" is produced twice/,
  ],
  [
    "a read before its production",
    { ...chain(), nodes: chain().nodes.toReversed() },
    /Clip "c" reads "r" before Relu "r"/,
  ],
  ["a read of nothing", withNode(1, { inputs: ["gone"] }), /Relu "r" reads "gone", which nothing produces/],
  ["a node that reads itself", withNode(1, { inputs: ["r"] }), /Relu "r" reads "r" before Relu "r"/],
  ["an output of nothing", { ...chain(), outputs: ["y"] }, /graph output "y" is produced by nothing/],
  ["two nodes of a name", withNode(1, { name: "a" }), /two nodes are named "a"/],
  ["a node without a name", withNode(1, { name: "" }), /a Relu node has no name/],
  ["a node without an operator", withNode(1, { op: "" }), /node "r" has no operator/],
  ["a node without an output", withNode(2, { outputs: [""] }), /Clip "c" has no output/],
  [
    "an input of size 0",
    { ...chain(), inputs: [{ name: "x", dtype: "float32", shape: [0, 2] }] },
    /"x" has the dimension 0/,
  ],
  ["an input without a name", { ...chain(), inputs: [{ name: "", dtype: "float32" }] }, /graph input "" has no name/],
  [
    "data of another array type",
    withTensor({ dtype: "float64", shape: [2], data: new Float32Array(2) }),
    /float64\[2\], but holds a Float32Array/,
  ],
  [
    "data of another length",
    withTensor({ dtype: "float32", shape: [3], data: new Float32Array(2) }),
    /holds a Float32Array of 2 elements/,
  ],
  [
    "a broken shape",
    withTensor({ dtype: "float32", shape: [1.5], data: new Float32Array(2) }),
    /has the shape \[1.5\]/,
  ],
  [
    "4-bit codes out of range",
    withTensor({ dtype: "int4", shape: [1], data: Int8Array.of(8) }),
    /codes outside \[-8, 7\]/,
  ],
];

test.each(cases)("%s is refused", (_, graph, message) => {
  expect(() => verify(graph)).toThrow(ModelError);
  expect(() => verify(graph)).toThrow(message);
});

test("the lines around the fault are quoted", () => {
  expect(() => verify(withNode(1, { inputs: ["gone"] }))).toThrow(
    [
      'graph "chain" is not well formed: Relu "r" reads "gone", which nothing produces',
      "    a = Add(x, b: float32[2] = [1, 2])",
      "  > r = Relu(gone)",
      "    c = Clip(r, _)",
    ].join("\n"),
  );
});
