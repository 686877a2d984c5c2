import { expect, test } from "vitest";
import { ModelError } from "../errors.js";
import { GraphBuilder } from "../ir/builder.js";
import { float32 } from "../ir/tensor.js";
import { inferKnownTypes, inferTypes } from "./infer-types.js";

test("the batch stays a symbol, and the result is remembered beside the graph", () => {
  const g = new GraphBuilder("g");
  const x = g.input("x", "float32", ["N", 3, 8, 8]);
  const conv = g.op(
    "Conv",
    [x, g.constant(float32(new Float32Array(108), [4, 3, 3, 3]), "w")],
    { strides: [2, 2] },
    { name: "conv" },
  );
  g.output(g.op("Flatten", [g.op("GlobalAveragePool", [conv], {}, { name: "pool" })], {}, { name: "y" }));
  const graph = g.build();
  const types = inferTypes(graph);
  expect(types.get("conv")).toEqual({ dtype: "float32", shape: ["N", 4, 3, 3] });
  expect(types.get("y")).toEqual({ dtype: "float32", shape: ["N", 4] });
  expect(types.get("w")).toEqual({ dtype: "float32", shape: [4, 3, 3, 3] });
  expect(inferTypes(graph)).toBe(types);
});

test("all unsupported operators are listed at once, with the names of their nodes", () => {
  const g = new GraphBuilder("g");
  const x = g.input("x", "float32", ["N", 3]);
  const a = g.op("Einsum", [x], {}, { name: "attention.q" });
  const b = g.op("Einsum", [a], {}, { name: "attention.k" });
  const c = g.op("FusedGelu", [b], {}, { name: "act", domain: "com.microsoft" });
  g.output(g.op("Relu", [c], {}, { name: "relu" }));
  const graph = g.build();
  expect(() => inferTypes(graph)).toThrow(ModelError);
  expect(() => inferTypes(graph)).toThrow(
    'graph "g": these operators are not supported: Einsum ("attention.q", "attention.k"); com.microsoft.FusedGelu ("act")',
  );
  expect([...inferKnownTypes(graph).keys()]).toEqual(["x"]);
});

test("inputs that do not fit name the node", () => {
  const g = new GraphBuilder("g");
  const x = g.input("x", "float32", ["N", 4, 8, 8]);
  g.output(g.op("Conv", [x, g.constant(float32(new Float32Array(27), [1, 3, 3, 3]))], {}, { name: "stem" }));
  expect(() => inferTypes(g.build())).toThrow(/Conv "stem".*3 channels per group, x has 4/);
});
