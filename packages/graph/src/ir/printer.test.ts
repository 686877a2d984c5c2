import { expect, test } from "vitest";
import { GraphBuilder } from "./builder.js";
import { printGraph, printType } from "./printer.js";
import { float32 } from "./tensor.js";

test("a graph as text", () => {
  const g = new GraphBuilder("tiny");
  const x = g.input("x", "float32", ["N", 3, 32, 32]);
  const w = g.constant(float32(new Float32Array(432), [16, 3, 3, 3]), "stem.weight");
  const c = g.op("Conv", [x, w], { pads: [1, 1, 1, 1], auto_pad: "NOTSET" }, { name: "stem", outputs: ["c"] });
  const y = g.op("Clip", [c, "", g.scalar(6, "six")], {}, { name: "clip" });
  const q = g.op(
    "FakeQuant",
    [y, g.scalar(-0, "s"), "odd name"],
    { bits: 4, axes: [] },
    { domain: "subbyte", name: "q" },
  );
  g.node("Split", [q, g.ints([8, 8], "sizes")], { axis: 1 }, { name: "split", outputs: ["", "right"] });
  g.output("right");
  expect(printGraph(g.build())).toBe(
    `graph tiny (x: float32[N,3,32,32]) -> (right) {
  c = Conv(x, stem.weight: float32[16,3,3,3]) {pads = [1, 1, 1, 1], auto_pad = "NOTSET"}  # stem
  clip = Clip(c, _, six: float32[] = [6])
  q = subbyte.FakeQuant(clip, s: float32[] = [-0], "odd name") {bits = 4, axes = []}
  _, right = Split(q, sizes: int64[2] = [8, 8]) {axis = 1}  # split
}
`,
  );
});

test("types", () => {
  expect(printType({ dtype: "int8" })).toBe("int8[…]");
  expect(printType({ dtype: "float32", shape: [] })).toBe("float32[]");
  expect(printType({ dtype: "float32", shape: ["batch size", 2] })).toBe('float32["batch size",2]');
});
