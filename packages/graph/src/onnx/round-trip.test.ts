import { describe, expect, test } from "vitest";
import { classifier, decode } from "../../test/onnx-files.js";
import { expectSameOutputs } from "../../test/passes.js";
import { runGraph, runModel } from "../../test/runtime.js";
import { GraphBuilder } from "../ir/builder.js";
import { printGraph } from "../ir/printer.js";
import { float32 } from "../ir/tensor.js";
import { readOnnx } from "./reader.js";
import { AttributeType, toBigInt } from "./schema.js";
import { writeOnnx } from "./writer.js";

describe("round trip", () => {
  test.each([13, 14, 17, 18, 20, 21, 22, 23, 24, 25])(
    "opset %i gives the same graph and the same outputs",
    async (opset) => {
      const graph = classifier();
      const bytes = writeOnnx(graph, { opset });
      const again = readOnnx(bytes);
      expect(printGraph(again)).toBe(printGraph(graph).replaceAll("axes:", opset < 18 ? "mean.axes:" : "axes:"));
      expectSameOutputs(await runModel(bytes, graph), await runGraph(graph), 0);
    },
  );

  test("every kind of attribute", () => {
    const g = new GraphBuilder("attributes");
    const x = g.input("x", "float32", ["N", 4]);
    const attributes = {
      alpha: 1,
      int: -3,
      big: 2n ** 62n,
      text: "größer",
      list: [1, -2],
      none: [],
      scales: [1, 2],
      texts: ["a", "b"],
      tensor: float32([1, 2], [2, 1]),
    };
    g.output(g.op("Anything", [x], attributes));
    const graph = g.build();
    const bytes = writeOnnx(graph);
    expect(readOnnx(bytes)).toEqual(graph);
    const types = Object.fromEntries(decode(bytes).graph.node[0]!.attribute.map(({ name, type }) => [name, type]));
    expect(types).toEqual({
      alpha: AttributeType.FLOAT,
      int: AttributeType.INT,
      big: AttributeType.INT,
      text: AttributeType.STRING,
      list: AttributeType.INTS,
      none: AttributeType.INTS,
      scales: AttributeType.FLOATS,
      texts: AttributeType.STRINGS,
      tensor: AttributeType.TENSOR,
    });
  });

  test("a fraction where ONNX has an integer is refused", () => {
    const g = new GraphBuilder("g");
    g.output(g.op("Softmax", [g.input("x", "float32", [2])], { axis: 0.5 }));
    expect(() => writeOnnx(g.build())).toThrow(/attribute "axis" is an integer in ONNX, found 0.5/);
  });

  test("metadata, producer, domains and types are in the file", () => {
    const g = new GraphBuilder("g");
    const x = g.input("x", "float32", ["N", 4]);
    const relu = g.op("Relu", [x], {}, { name: "relu" });
    g.output(g.op("FusedGelu", [relu], {}, { domain: "com.microsoft", name: "gelu" }));
    const model = decode(writeOnnx(g.build(), { producerVersion: "1.2", metadata: { seed: "7" } }));
    expect(model.producer_name).toBe("subbyte");
    expect(model.producer_version).toBe("1.2");
    expect(model.metadata_props).toMatchObject([{ key: "seed", value: "7" }]);
    expect(model.opset_import.map(({ domain, version }) => [domain, toBigInt(version)])).toEqual([
      ["", 18n],
      ["com.microsoft", 1n],
    ]);
    const info = model.graph.value_info.map(({ name, type }) => [
      name,
      type!.tensor_type!.shape!.dim.map((d) => d.dim_param),
    ]);
    expect(info).toEqual([["relu", ["N", ""]]]);
  });

  test("4-bit constants ask for opset 21", () => {
    const g = new GraphBuilder("g");
    const codes = g.constant({ dtype: "int4", shape: [3], data: Int8Array.of(-8, 0, 7) }, "codes");
    g.output(g.op("DequantizeLinear", [codes, g.scalar(0.5, "scale")], {}, { name: "w" }));
    const graph = g.build();
    const bytes = writeOnnx(graph);
    expect(toBigInt(decode(bytes).opset_import[0]!.version)).toBe(21n);
    expect(readOnnx(bytes)).toEqual(graph);
  });

  test.each([
    ["Gelu", {}, 20],
    ["HardSwish", {}, 14],
    ["Reshape", { allowzero: 1 }, 14],
    ["AveragePool", { kernel_shape: [2, 2], dilations: [2, 2] }, 19],
  ])("%s %o needs opset %i", (op, attributes, since) => {
    const g = new GraphBuilder("g");
    const inputs = [g.input("x", "float32", [1, 1, 4, 4]), ...(op === "Reshape" ? [g.ints([1, 16])] : [])];
    g.output(g.op(op, inputs, attributes, { name: "n", domain: "" }));
    expect(() => writeOnnx({ ...g.build(), inputs: [{ name: "x", dtype: "float32" }] }, { opset: 13 })).toThrow(
      new RegExp(`needs opset ${since}, and 13`),
    );
  });
});
